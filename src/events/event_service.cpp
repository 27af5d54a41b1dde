#include "events/event_service.hpp"

#include "events/catalogue.hpp"
#include "log/log.hpp"

#include <boost/asio/post.hpp>

#include <memory>
#include <random>
#include <utility>

namespace gensetd::events {
namespace {

constexpr std::chrono::seconds tick_every{1};
constexpr std::chrono::hours prune_every{1};
constexpr std::chrono::minutes store_running_time_every{5};  // time that a crash can lose
constexpr std::size_t surplus_parts = 10;  // the journal exceeds its limit by a tenth at most

Timestamp now() { return ClockPair::now().wall; }

// Empty: the device is not polled.
std::optional<DeviceSite> site_of(const registry::Directory& directory, const registry::Device& device) {
  if (!registry::reason_not_to_poll(directory, device).empty()) return std::nullopt;
  return DeviceSite{
      .site_id = device.site_id,
      .site_code = directory.sites.at(device.site_id).code,
      .inputs = device.inputs ? std::make_shared<const registry::Inputs>(*device.inputs) : nullptr};
}

PolledDevices polled_devices_of(const registry::Directory& directory) {
  PolledDevices devices;
  for (const auto& [id, device] : directory.devices) {
    if (auto site = site_of(directory, device)) devices.emplace(id, *std::move(site));
  }
  return devices;
}

// Alarms of controllers; lost connections have log events of their own.
void log_alarm(const Event& event) {
  if (event.kind != EventKind::alarm || !event.priority || !event.device_id) return;
  const bool is_raised = event.state == EventState::active && !event.returned_at;
  const bool ends_acknowledged = event.state == EventState::closed && event.acknowledged_at &&
                                 event.returned_at && *event.returned_at >= *event.acknowledged_at;
  if (!is_raised && event.state != EventState::returned && !ends_acknowledged) return;
  const std::string text = text_of(event, Language::english);
  if (is_raised) {
    log::warning("alarm_raised")
        .field("device_id", *event.device_id)
        .field("site_code", event.site_code)
        .field("code", event.code)
        .field("priority", *event.priority)
        .say("{} device {}: {}", event.site_code, *event.device_id, text);
  } else {
    log::info("alarm_returned")
        .field("device_id", *event.device_id)
        .field("site_code", event.site_code)
        .field("code", event.code)
        .field("priority", *event.priority)
        .say("{} device {}: no longer: {}", event.site_code, *event.device_id, text);
  }
}

}  // namespace

EventService::EventService(boost::asio::io_context& context, live::Hub& hub, live::NotificationHub& notices,
                           registry::Service& registry, EventOptions options)
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

void EventService::start() {
  take_ids();  // the registry responds in order, so the ids arrive before the first event
  const auto earlier = std::make_shared<EarlierRun>();
  const auto read = [earlier, running = running_](registry::Store& store) {
    *earlier = read_earlier_run(store, {*running, std::chrono::steady_clock::now()}, now());
  };
  registry_.run(read, [self = self_, earlier](const registry::Result<std::monostate>& result) {
    if (*self == nullptr || (*self)->is_stopped_) return;
    if (const auto* refusal = std::get_if<registry::Refusal>(&result)) {
      log::error("events_not_read")
          .field("error", refusal->message)
          .say("events: cannot read the journal ({}); active alarms are raised again", refusal->message);
    }
    (*self)->begin(std::move(*earlier));
  });
}

void EventService::begin(EarlierRun earlier) {
  has_begun_ = true;
  journal_.restore(std::move(earlier.open), earlier.alarm_ages, std::chrono::steady_clock::now());
  journal_.begin(polled_devices_of(registry_.directory()), now());
  journal_.note_start(options_.version, now());
  subscription_ = hub_.subscribe(*this);
  for (const auto& newest : hub_.all()) changed(newest);
  distribute_changes();
  tick();
  ticks_.start(tick_every, [this] { tick(); });
}

void EventService::registry_changed(const std::vector<std::int64_t>& device_ids) {
  if (!has_begun_ || is_stopped_) return;
  const registry::Directory& directory = registry_.directory();
  for (const std::int64_t id : device_ids) {
    const auto device = directory.devices.find(id);
    const bool is_registered = device != directory.devices.end();
    journal_.set_site(id, is_registered ? site_of(directory, device->second) : std::nullopt,
                      ClockPair::now());
  }
  distribute_changes();
}

// The readings that follow report 'gateway stopped' for every device: that is no outage.
void EventService::stop() {
  is_stopped_ = true;
  const live::Hub::Subscription ended = std::move(subscription_);
  ticks_.stop();
  recorder_.flush();
  store_running_time();
}

void EventService::changed(const live::ReadingPtr& newest) {
  if (!newest->content) return;
  journal_.process(newest->content);
  distribute_changes();
}

void EventService::tick() {
  const ClockPair at = ClockPair::now();
  note_clock_step(at);
  journal_.tick(at.steady);
  distribute_changes();
  recorder_.tick();
  const bool has_grown = recorder_.written() - written_at_prune_ > options_.retention.events / surplus_parts;
  if (has_grown || at.steady >= prune_at_) prune();
  if (at.steady >= store_running_time_at_) store_running_time();
}

void EventService::note_clock_step(ClockPair at) {
  const ClockPair before = std::exchange(last_tick_, at);
  const auto step = std::chrono::round<std::chrono::seconds>(reading::clock_step(before, at));
  if (std::chrono::abs(step) < reading::clock_step_min) return;
  log::warning("clock_stepped")
      .field("seconds", step.count())
      .say("the wall clock was set {} by {} s; times follow it, delays and retention are not affected",
           step.count() < 0 ? "back" : "ahead", std::chrono::abs(step).count());
}

void EventService::store_running_time() {
  store_running_time_at_ = std::chrono::steady_clock::now() + store_running_time_every;
  const auto write = [running = running_](registry::Store& store) {
    events::store_running_time(store, {*running, std::chrono::steady_clock::now()});
  };
  registry_.run(write, [](const registry::Result<std::monostate>&) {});  // the next call stores it too
}

void EventService::prune() {
  prune_at_ = std::chrono::steady_clock::now() + prune_every;
  written_at_prune_ = recorder_.written();
  const auto removed = std::make_shared<std::size_t>(0);
  const auto remove = [removed, retention = options_.retention, running = running_](registry::Store& store) {
    *removed = prune_events(store, retention, {*running, std::chrono::steady_clock::now()});
  };
  registry_.run(remove, [self = self_, removed](const registry::Result<std::monostate>&) {
    // There may be more: continue with the next tick.
    if (*removed >= pruned_at_once_max && *self != nullptr) (*self)->prune_at_ = {};
  });
}

// A block that arrives after this is destroyed is lost; there are enough ids.
void EventService::take_ids() {
  while (registry_.healthy() && journal_.ids().blocks() + id_blocks_pending_ < EventIds::blocks_wanted) {
    ++id_blocks_pending_;
    const auto first = std::make_shared<std::optional<std::int64_t>>();
    const auto take = [first](registry::Store& store) { *first = store.take_event_ids(); };
    registry_.run(take, [self = self_, first](const registry::Result<std::monostate>&) {
      if (*self == nullptr) return;
      --(*self)->id_blocks_pending_;
      if (first->has_value()) (*self)->journal_.ids().add(**first);
    });
  }
}

void EventService::distribute_changes() {
  for (const Event& event : journal_.take_changes()) {
    ++recorded_;
    log_alarm(event);
    recorder_.add(event);
    const auto json = std::make_shared<const std::string>(to_json(event));
    notices_.notify_event({.event_id = event.id, .json = json});
    if (publish) publish(*json);
  }
  take_ids();
}

std::vector<OpenAlarm> EventService::open_alarms(const std::optional<AlarmPosition>& after) const {
  std::vector<OpenAlarm> alarms;
  for (const Event* alarm : journal_.alarms_after(after, alarms_at_once_max))
    alarms.push_back({.position = position_of(*alarm), .json = to_json(*alarm)});
  return alarms;
}

std::uint64_t EventService::alarms_of_last(int minutes) const {
  return journal_.alarms_of_last(minutes, std::chrono::steady_clock::now());
}

void EventService::list(const EventQuery& query, std::function<void(Events)> handler) {
  recorder_.flush();  // so that the list contains all events until now
  const auto events = std::make_shared<std::vector<Event>>();
  const auto read = [events, query](registry::Store& store) { *events = read_events(store, query); };
  registry_.run(read, [events, handler = std::move(handler)](const registry::Result<std::monostate>& result) {
    if (const auto* refusal = std::get_if<registry::Refusal>(&result)) return handler(*refusal);
    handler(std::move(*events));
  });
}

void EventService::acknowledge(std::int64_t id, std::string by, std::function<void(Acknowledged)> handler) {
  const auto respond = [&](Acknowledged result) {
    boost::asio::post(executor_, [handler, result = std::move(result)] { handler(result); });
  };
  // The acknowledgement would be lost with the next restart.
  if (!registry_.healthy() || recorder_.is_refused()) return respond(AcknowledgeError::unavailable);
  auto result = journal_.acknowledge(id, std::move(by), now());
  if (std::holds_alternative<Event>(result)) {
    distribute_changes();
    return confirm_acknowledged(id, std::move(handler));
  }
  if (std::get<AcknowledgeError>(result) == AcknowledgeError::acknowledged_already)
    return respond(AcknowledgeError::acknowledged_already);
  recorder_.flush();
  const auto found = std::make_shared<std::optional<Event>>();
  const auto read = [found, id](registry::Store& store) { *found = read_event(store, id); };
  registry_.run(read, [found, handler](const registry::Result<std::monostate>& done) {
    if (std::holds_alternative<registry::Refusal>(done)) return handler(AcknowledgeError::unavailable);
    handler(found->has_value() ? AcknowledgeError::not_open : AcknowledgeError::unknown);
  });
}

// The machine may be switched off right after the response: so respond with the row, read after it was
// written.
void EventService::confirm_acknowledged(std::int64_t id, std::function<void(Acknowledged)> handler) {
  recorder_.flush();
  const auto kept = std::make_shared<std::optional<Event>>();
  const auto read = [kept, id](registry::Store& store) { *kept = read_event(store, id); };
  registry_.run(read, [kept, handler = std::move(handler)](const registry::Result<std::monostate>& done) {
    const bool is_read = std::holds_alternative<std::monostate>(done) && kept->has_value();
    if (!is_read || !(*kept)->acknowledged_at) return handler(AcknowledgeError::not_kept);
    handler(std::move(**kept));
  });
}

EventMetrics EventService::metrics() const {
  return {.open_alarms = journal_.open_alarms(),
          .recorded = recorded_,
          .written = recorder_.written(),
          .waiting = recorder_.waiting(),
          .dropped = recorder_.dropped()};
}

}  // namespace gensetd::events
