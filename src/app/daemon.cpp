#include "app/daemon.hpp"

#include "app/diagnostics_json.hpp"
#include "app/figures.hpp"
#include "app/line_figures.hpp"
#include "app/logging.hpp"
#include "app/process_figures.hpp"
#include "app/read_now.hpp"
#include "log/log.hpp"
#include "supervision/exceptions.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace gensetd::app {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Together below the two seconds that a stop may take; the registry's farewell runs beside them.
constexpr milliseconds redis_farewell{800};
constexpr milliseconds http_farewell{800};
static_assert(redis_farewell + http_farewell < milliseconds{2'000});

// A hash must not expire between two cycles that are on time.
constexpr int intervals_to_live_min = 3;

// Of which a polling thread tells in one turn.
constexpr std::size_t devices_at_once = 20;

std::shared_ptr<const profile::Catalog> catalog_of(const Settings& settings) {
  return std::make_shared<const profile::Catalog>(settings.profiles.empty()
                                                      ? profile::Catalog::built_in()
                                                      : profile::Catalog::with_directory(settings.profiles));
}

seconds time_to_live_min(const poller::Pace& pace) {
  // A device that fails is written again after its retry delay.
  const milliseconds longest = std::max(pace.poll_interval, pace.retry_delay + pace.modbus_timeout);
  return std::chrono::ceil<seconds>(intervals_to_live_min * longest);
}

link::AddressPolicy policy_of(const Settings& settings) {
  return {.loopback = settings.allow_loopback_devices, .special = false};
}

// Of a host name it is known only when it is looked up, by the link.
std::string refusal_of(const std::string& host, link::AddressPolicy policy) {
  boost::system::error_code is_name;
  const auto address = asio::ip::make_address(host, is_name);
  const auto refusal = is_name ? boost::system::error_code{} : policy.refusal(address);
  return refusal ? refusal.message() : std::string{};
}

poller::Address address_of(const http::ProbeRequest& request) {
  return {.host = request.ip_address,
          .port = request.port,
          .unit_id = request.slave_id,
          .protocol = request.protocol};
}

}  // namespace

Daemon::Daemon(asio::io_context& context, const Settings& settings, std::size_t descriptors)
    : catalog_(catalog_of(settings)),
      registry_(std::make_unique<registry::Service>(context.get_executor(), settings.database_url, catalog_)),
      descriptors_(std::make_shared<link::DescriptorBudget>(0)),
      checks_(context.get_executor(), supervision::Task::health_checks),
      events_(std::make_unique<events::Watch>(context, hub_, notices_, *registry_,
                                              events::Options{.offline_delay = settings.events_offline_delay,
                                                              .keep = settings.events_keep,
                                                              .version = GENSETD_VERSION})),
      history_(std::make_unique<history::History>(hub_, settings.history)),
      poller_(std::make_unique<poller::Poller>(context, *catalog_, registry_->directory(), hub_, numbering_,
                                               poller::Poller::Options{.defaults = settings.pace,
                                                                       .policy = policy_of(settings),
                                                                       .threads = settings.poll_threads,
                                                                       .descriptors = descriptors_})) {
  if (!settings.redis_url.empty()) {
    redis_ = std::make_unique<redis::Client>(
        context,
        redis::Options{.url = settings.redis_url,
                       .metrics_ttl = settings.metrics_ttl,
                       .ttl_min = [this](std::int64_t id) { return time_to_live_min(poller_->pace_of(id)); },
                       .prefix = settings.redis_prefix,
                       .epoch = numbering_.epoch()},
        hub_);
    events_->publish = [this](const std::string& event) { redis_->announce(event); };
  }
  server_ = std::make_unique<http::Server>(
      context,
      http::Options{.address = settings.http_address,
                    .port = settings.http_port,
                    .api_token = settings.api_token,
                    .read_token = settings.read_token,
                    .allowed_origins = settings.allowed_origins,
                    .tls = {.certificate = settings.tls_cert, .key = settings.tls_key},
                    .limits = settings.http_limits,
                    .web_dir = settings.web_dir},
      http::Services{
          .hub = hub_,
          .notices = notices_,
          .registry = *registry_,
          .events = *events_,
          .history = *history_,
          .profiles = catalog_,
          .probe = [this](http::ProbeRequest request) { return probe(std::move(request)); },
          .read_now =
              [this](http::ProbeRequest request, std::optional<modbus::ReadRequest> range) {
                return read_now(std::move(request), range);
              },
          .address_refusal =
              [policy = policy_of(settings)](const std::string& host) { return refusal_of(host, policy); },
          .health = [this] { return health(); },
          .connections_possible = [this] { return descriptor_plan_.http_possible(descriptors_->wanted()); },
          .add_daemon_figures =
              [this](http::MetricFamilies& families) { return add_daemon_figures(families); },
          .add_device_figures =
              [this](http::MetricFamilies& families) { return add_device_figures(families); },
          .diagnostics = [this](const registry::Device& device) { return diagnostics(device); },
          .poll_interval = std::chrono::duration<double>(settings.pace.poll_interval).count(),
          .epoch = reading::print_epoch(numbering_.epoch()),
          .version = GENSETD_VERSION});
  monitor_.watch(registry_->heartbeat());
  // Last: all that is open from the start is open now.
  descriptor_plan_ = plan_descriptors(descriptors, open_descriptors(), settings.poll_threads,
                                      settings.http_limits.connections);
  descriptors_->set_connections_max(descriptor_plan_.controllers);
}

Daemon::~Daemon() {
  if (!registry_) return;
  registry_->listen(nullptr);
  registry_->when_changed({});
}

void Daemon::start() {
  registry_->listen(poller_.get());
  registry_->when_changed([this](const std::vector<std::int64_t>& device_ids) {
    events_->registry_changed(device_ids);
    notices_.tell_registry_change();
  });
  history_->start();
  events_->start();
  if (redis_) redis_->start();
  server_->start();
  poller_->start();
  checks_.start(supervision::HangMonitor::check_every, [this] { check(); });
}

// Each second.
void Daemon::check() {
  monitor_.check(std::chrono::steady_clock::now());
  const std::size_t waiting = descriptors_->waiting();
  if (descriptors_short_ == (waiting > 0)) return;
  descriptors_short_ = waiting > 0;
  if (descriptors_short_) {
    log::warning("descriptors_short")
        .field("limit", descriptor_plan_.limit)
        .field("connections_max", descriptors_->connections_max())
        .field("addresses", descriptors_->wanted())
        .say("{}", descriptor_problem());
  } else {
    log::info("descriptors_suffice").say("file descriptors suffice again: every controller can be connected");
  }
}

std::string Daemon::descriptor_problem() const {
  if (std::string problem = server_->problem(); !problem.empty()) return problem;
  if (descriptors_->waiting() == 0) return {};
  return fmt::format(
      "the limit of {} open files is too low: of {} controllers and converters at most {} are connected at a "
      "time; raise it (LimitNOFILE of the service, ulimit -n)",
      descriptor_plan_.limit, descriptors_->wanted(), descriptors_->connections_max());
}

asio::awaitable<void> Daemon::stop() {
  // What one part throws does not keep the others from their farewell.
  const auto step = [](auto act) {
    supervision::attempt(supervision::Task::stop, {}, "the stop goes on", act);
  };
  checks_.stop();
  registry_->stop_soon();
  registry_->listen(nullptr);
  registry_->when_changed({});
  step([&] { events_->stop(); });
  step([&] { history_->stop(); });
  step([&] { poller_->stop(); });
  try {
    if (redis_) co_await redis_->stop(redis_farewell);
  } catch (...) {
    supervision::report_exception(supervision::Task::stop, {}, "the stop goes on");
  }
  try {
    co_await server_->stop(http_farewell);
  } catch (...) {
    supervision::report_exception(supervision::Task::stop, {}, "the stop goes on");
  }
  server_.reset();
  redis_.reset();
  has_left_a_thread_ = poller_->threads_hanging() > 0;
  if (has_left_a_thread_) static_cast<void>(poller_.release());  // its end would wait for the thread
  poller_.reset();
  history_.reset();
  events_.reset();
  registry_.reset();
}

std::string Daemon::registry_problem() const {
  if (monitor_.hanging() > 0) return monitor_.problems(std::chrono::steady_clock::now());
  if (!registry_->healthy()) return "the database does not answer; changes are refused until it does";
  const bool changes = registry_->is_full();
  const bool events = events_->is_refused();
  if (!changes && !events) return {};
  return fmt::format("the disk of the database is full; {}{}{} until there is room",
                     changes ? "changes are refused" : "", changes && events ? " and " : "",
                     events ? "events wait in memory" : "");
}

http::Health Daemon::health() const {
  http::Health health;
  const auto ok_or = [](std::string wrong) { return wrong.empty() ? std::string{"ok"} : std::move(wrong); };
  health.registry = ok_or(registry_problem());
  health.redis = redis_ ? redis_->state() : "off";
  const std::string problem = poller_->problem();
  health.ready = poller_->running() && problem.empty();
  health.poller = !poller_->running() ? "stopped" : problem.empty() ? "ok" : problem;
  health.descriptors = ok_or(descriptor_problem());
  const std::string failed = supervision::recent_exceptions(std::chrono::steady_clock::now());
  health.tasks = failed.empty() ? "ok"
                                : fmt::format(
                                      "an unexpected error ended tasks within the last minute ({}); "
                                      "they restart, the log has the cause (task_failed)",
                                      failed);
  health.devices = static_cast<std::int64_t>(poller_->devices());
  health.devices_online = static_cast<std::int64_t>(poller_->devices_online());
  return health;
}

asio::awaitable<void> Daemon::add_daemon_figures(http::MetricFamilies& families) const {
  poller::AllTotals totals = co_await poller_->totals();
  if (!poller_) co_return;  // stopped meanwhile
  add_figures(figures(totals), families);
  add_process_figures(families);
}

asio::awaitable<void> Daemon::add_device_figures(http::MetricFamilies& families) const {
  std::set<std::string> links;  // those that are in it
  const std::vector<std::int64_t> ids = poller_->device_ids();
  for (std::size_t first = 0; first < ids.size() && poller_; first += devices_at_once) {
    const std::size_t count = std::min(devices_at_once, ids.size() - first);
    const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(first);
    std::vector<std::int64_t> some(begin, begin + static_cast<std::ptrdiff_t>(count));
    const std::vector<poller::DeviceAndLink> figures = co_await poller_->figures(std::move(some));
    if (!history_) co_return;  // stopped meanwhile
    for (const auto& [device, link] : figures) {
      add_device(device, history_->bytes_of(device.identity.device_id), families);
      if (links.insert(link.address).second) add_link(link, families);
    }
  }
}

asio::awaitable<std::string> Daemon::diagnostics(registry::Device device) const {
  const std::optional<poller::Diagnostics> diagnostics = co_await poller_->diagnostics(device.id);
  std::string text = diagnostics ? print_diagnostics(device, *diagnostics, hub_.cadence(device.id))
                                 : print_not_polled(device, poller_->why_not_polled(device));
  co_return text;
}

std::map<std::string, SiteFigures> Daemon::sites() const {
  std::map<std::string, SiteFigures> sites;
  poller_->for_each_device([&](const reading::Identity& device, bool online) {
    SiteFigures& site = sites[device.site_code];
    ++site.devices;
    if (online) ++site.online;
  });
  return sites;
}

Figures Daemon::figures(const poller::AllTotals& totals) const {
  return {.polling = totals.polling,
          .links = totals.links,
          .sites = sites(),
          .registry_up = registry_->healthy(),
          .registry_full = registry_->is_full() || events_->is_refused(),
          .registry = registry_->figures(),
          .events = events_->figures(),
          .history = history_->figures(),
          .redis = redis_ ? std::optional{redis_->figures()} : std::nullopt,
          .redis_up = redis_ && redis_->healthy(),
          .log_lines_dropped = Logging::lines_dropped(),
          .poll_threads = poller_->threads(),
          .poll_threads_hanging = poller_->threads_hanging(),
          .connections_max = descriptors_->connections_max(),
          .without_descriptor = descriptors_->waiting(),
          .exceptions = supervision::exception_counts()};
}

asio::awaitable<http::ProbeResult> Daemon::probe(http::ProbeRequest request) {
  poller::Address address = address_of(request);
  poller::Probed probed = co_await poller_->probe(std::move(address), std::move(request.profile));
  co_return http::ProbeResult{.error = std::move(probed.error),
                              .latency = probed.latency,
                              .address = probed.address,
                              .raw_value = probed.raw_value};
}

asio::awaitable<http::ReadNowResult> Daemon::read_now(http::ProbeRequest request,
                                                      std::optional<modbus::ReadRequest> range) {
  const poller::Address address = address_of(request);
  poller::ReadResult read = co_await poller_->read(address, request.profile, range);
  http::ReadNowResult result = read_now_of(address, request.profile, std::move(read));
  co_return result;
}

}  // namespace gensetd::app
