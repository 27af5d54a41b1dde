#include "events/watch.hpp"

#include "log/log.hpp"

#include <boost/asio/post.hpp>

#include <memory>
#include <random>
#include <utility>

namespace gensetd::events {
namespace {

constexpr std::chrono::seconds tick_every{1};
constexpr std::chrono::hours prune_every{1};
constexpr std::chrono::minutes store_running_time_every{5};  // what a crash does not count
constexpr std::size_t surplus_parts = 10;  // the journal grows by a tenth beyond its limit at most

Timestamp now() { return Moment::now().wall; }

// Empty: it is not polled.
std::optional<Place> place_of(const registry::Directory& directory, const registry::Device& device) {
  if (!registry::reason_not_to_poll(directory, device).empty()) return std::nullopt;
  return Place{.site_id = device.site_id, .site_code = directory.sites.at(device.site_id).code};
}

Roster roster_of(const registry::Directory& directory) {
  Roster roster;
  for (const auto& [id, device] : directory.devices) {
    if (auto place = place_of(directory, device)) roster.emplace(id, *std::move(place));
  }
  return roster;
}

}  // namespace

Watch::Watch(boost::asio::io_context& context, live::Hub& hub, live::Notices& notices,
             registry::Service& registry, Options options)
    : executor_(context.get_executor()),
      ticks_(executor_, supervision::Task::events),
      hub_(hub),
      notices_(notices),
      registry_(registry),
      options_(std::move(options)),
      journal_(options_.offline_delay),
      recorder_(registry, running_) {
  std::random_device device;
  journal_.ids() = EventIds{(std::uint64_t{device()} << 32) | device()};
}

void Watch::start() {
  take_ids();  // the registry answers in the order of the requests: before the first event is made
  const auto past = std::make_shared<Past>();
  const auto read = [past, running = running_](registry::Store& store) {
    *past = read_past(store, {*running, std::chrono::steady_clock::now()}, now());
  };
  registry_.run(read, [self = self_, past](const registry::Result<std::monostate>& result) {
    if (*self == nullptr || (*self)->is_over_) return;
    if (const auto* refusal = std::get_if<registry::Refusal>(&result)) {
      log::error("events_not_read")
          .field("error", refusal->message)
          .say("events: what the journal holds could not be read: {}; alarms that are active begin anew",
               refusal->message);
    }
    (*self)->begin(std::move(*past));
  });
}

void Watch::begin(Past past) {
  has_begun_ = true;
  journal_.restore(std::move(past.open), past.alarm_ages, std::chrono::steady_clock::now());
  journal_.begin(roster_of(registry_.directory()), now());
  journal_.note_start(options_.version, now());
  subscription_ = hub_.subscribe(*this);
  for (const auto& newest : hub_.all()) changed(newest);
  pass_on();
  tick();
  ticks_.start(tick_every, [this] { tick(); });
}

void Watch::registry_changed(const std::vector<std::int64_t>& device_ids) {
  if (!has_begun_ || is_over_) return;
  const registry::Directory& directory = registry_.directory();
  for (const std::int64_t id : device_ids) {
    const auto device = directory.devices.find(id);
    const bool is_there = device != directory.devices.end();
    journal_.set_place(id, is_there ? place_of(directory, device->second) : std::nullopt, Moment::now());
  }
  pass_on();
}

// What is to come says 'gateway stopped' of every device: that is no outage.
void Watch::stop() {
  is_over_ = true;
  const live::Hub::Subscription ended = std::move(subscription_);
  ticks_.stop();
  recorder_.flush();
  store_running_time();
}

void Watch::changed(const live::ReadingPtr& newest) {
  if (!newest->facts) return;
  journal_.take(newest->facts);
  pass_on();
}

void Watch::tick() {
  const Moment at = Moment::now();
  note_clock_step(at);
  journal_.tick(at.steady);
  pass_on();
  recorder_.tick();
  const bool has_grown = recorder_.written() - written_at_prune_ > options_.keep.events / surplus_parts;
  if (has_grown || at.steady >= prune_at_) prune();
  if (at.steady >= store_running_time_at_) store_running_time();
}

void Watch::note_clock_step(Moment at) {
  const Moment before = std::exchange(last_tick_, at);
  const auto step = std::chrono::round<std::chrono::seconds>(reading::clock_step(before, at));
  if (std::chrono::abs(step) < reading::clock_step_noted) return;
  log::warning("clock_stepped")
      .field("seconds", step.count())
      .say("the wall clock was set {} by {} s; times follow it, delays and retention are not affected",
           step.count() < 0 ? "back" : "ahead", std::chrono::abs(step).count());
}

void Watch::store_running_time() {
  store_running_time_at_ = std::chrono::steady_clock::now() + store_running_time_every;
  const auto write = [running = running_](registry::Store& store) {
    events::store_running_time(store, {*running, std::chrono::steady_clock::now()});
  };
  registry_.run(write, [](const registry::Result<std::monostate>&) {});  // the next one stores it too
}

void Watch::prune() {
  prune_at_ = std::chrono::steady_clock::now() + prune_every;
  written_at_prune_ = recorder_.written();
  const auto removed = std::make_shared<std::size_t>(0);
  const auto remove = [removed, keep = options_.keep, running = running_](registry::Store& store) {
    *removed = prune_events(store, keep, {*running, std::chrono::steady_clock::now()});
  };
  registry_.run(remove, [self = self_, removed](const registry::Result<std::monostate>&) {
    // There is more: with the next tick.
    if (*removed >= pruned_at_once_max && *self != nullptr) (*self)->prune_at_ = {};
  });
}

// A block that is on its way when this ends is lost, which costs nothing: there are enough ids.
void Watch::take_ids() {
  while (registry_.healthy() && journal_.ids().blocks() + id_blocks_on_the_way_ < EventIds::blocks_wanted) {
    ++id_blocks_on_the_way_;
    const auto first = std::make_shared<std::optional<std::int64_t>>();
    const auto take = [first](registry::Store& store) { *first = store.take_event_ids(); };
    registry_.run(take, [self = self_, first](const registry::Result<std::monostate>&) {
      if (*self == nullptr) return;
      --(*self)->id_blocks_on_the_way_;
      if (first->has_value()) (*self)->journal_.ids().add(**first);
    });
  }
}

void Watch::pass_on() {
  for (const Event& event : journal_.take_news()) {
    ++recorded_;
    recorder_.put(event);
    const auto json = std::make_shared<const std::string>(to_json(event));
    notices_.tell_event({.event_id = event.id, .json = json});
    if (publish) publish(*json);
  }
  take_ids();
}

std::vector<OpenAlarm> Watch::open_alarms(const std::optional<AlarmPlace>& behind) const {
  std::vector<OpenAlarm> alarms;
  for (const Event* alarm : journal_.alarms_behind(behind, alarms_at_once_max))
    alarms.push_back({.place = place_of(*alarm), .json = to_json(*alarm)});
  return alarms;
}

std::uint64_t Watch::alarms_of_last(int minutes) const {
  return journal_.alarms_of_last(minutes, std::chrono::steady_clock::now());
}

void Watch::list(const Query& query, std::function<void(Events)> handler) {
  recorder_.flush();  // so that the list holds what has happened until now
  const auto events = std::make_shared<std::vector<Event>>();
  const auto read = [events, query](registry::Store& store) { *events = read_events(store, query); };
  registry_.run(read, [events, handler = std::move(handler)](const registry::Result<std::monostate>& result) {
    if (const auto* refusal = std::get_if<registry::Refusal>(&result)) return handler(*refusal);
    handler(std::move(*events));
  });
}

void Watch::acknowledge(std::int64_t id, std::string by, std::function<void(Acknowledged)> handler) {
  const auto answer = [&](Acknowledged result) {
    boost::asio::post(executor_, [handler, result = std::move(result)] { handler(result); });
  };
  // It would be forgotten with the next restart.
  if (!registry_.healthy() || recorder_.is_refused()) return answer(Refused::unavailable);
  auto result = journal_.acknowledge(id, std::move(by), now());
  if (std::holds_alternative<Event>(result)) {
    pass_on();
    return answer_as_kept(id, std::move(handler));
  }
  if (std::get<Journal::Refused>(result) == Journal::Refused::acknowledged_already)
    return answer(Refused::acknowledged_already);
  recorder_.flush();
  const auto found = std::make_shared<std::optional<Event>>();
  const auto read = [found, id](registry::Store& store) { *found = read_event(store, id); };
  registry_.run(read, [found, handler](const registry::Result<std::monostate>& done) {
    if (std::holds_alternative<registry::Refusal>(done)) return handler(Refused::unavailable);
    handler(found->has_value() ? Refused::not_open : Refused::unknown);
  });
}

// Whoever was answered may switch the machine off: the answer is the row, read behind its own writing.
void Watch::answer_as_kept(std::int64_t id, std::function<void(Acknowledged)> handler) {
  recorder_.flush();
  const auto kept = std::make_shared<std::optional<Event>>();
  const auto read = [kept, id](registry::Store& store) { *kept = read_event(store, id); };
  registry_.run(read, [kept, handler = std::move(handler)](const registry::Result<std::monostate>& done) {
    const bool is_read = std::holds_alternative<std::monostate>(done) && kept->has_value();
    if (!is_read || !(*kept)->acknowledged_at) return handler(Refused::not_kept);
    handler(std::move(**kept));
  });
}

Figures Watch::figures() const {
  return {.open_alarms = journal_.open_alarms(),
          .recorded = recorded_,
          .written = recorder_.written(),
          .waiting = recorder_.waiting(),
          .dropped = recorder_.dropped()};
}

}  // namespace gensetd::events
