#include "daemon/daemon.hpp"

#include "daemon/daemon_metrics.hpp"
#include "daemon/diagnostics_json.hpp"
#include "daemon/line_metrics.hpp"
#include "daemon/logging.hpp"
#include "daemon/probe_result.hpp"
#include "daemon/process_metrics.hpp"
#include "daemon/read_now.hpp"
#include "daemon/scan_json.hpp"
#include "log/log.hpp"
#include "supervision/exceptions.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace gensetd::daemon {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Together less than the two seconds that a stop may take. The registry stops at the same time.
constexpr milliseconds outputs_stop_max{800};
constexpr milliseconds http_stop_max{800};
static_assert(outputs_stop_max + http_stop_max < milliseconds{2'000});

// Number of devices whose metrics a polling thread collects in one step.
constexpr std::size_t devices_at_once = 20;

std::shared_ptr<const profile::Catalog> catalog_of(const Settings& settings) {
  return std::make_shared<const profile::Catalog>(settings.profiles.empty()
                                                      ? profile::Catalog::built_in()
                                                      : profile::Catalog::with_directory(settings.profiles));
}

link::AddressPolicy policy_of(const Settings& settings) {
  return {.loopback = settings.allow_loopback_devices, .special = false};
}

// A host name is checked only after its lookup, by the link.
std::string refusal_of(const std::string& host, link::AddressPolicy policy) {
  boost::system::error_code is_name;
  const auto address = asio::ip::make_address(host, is_name);
  const auto refusal = is_name ? boost::system::error_code{} : policy.refusal(address);
  return refusal ? refusal.message() : std::string{};
}

poller::DeviceAddress address_of(const api::ProbeRequest& request) {
  return {.host = request.ip_address,
          .port = request.port,
          .unit_id = request.slave_id,
          .protocol = request.protocol};
}

}  // namespace

Daemon::Daemon(asio::io_context& context, const Settings& settings, std::size_t descriptors)
    : profiles_(catalog_of(settings)),
      registry_(std::make_unique<registry::Service>(context.get_executor(), settings.database_url,
                                                    profiles_.base())),
      descriptors_(std::make_shared<link::DescriptorBudget>(0)),
      checks_(context.get_executor(), supervision::Task::health_checks),
      events_(std::make_unique<events::EventService>(
          context, hub_, notices_, *registry_,
          events::EventOptions{.offline_delay = settings.events_offline_delay,
                               .retention = settings.events_keep,
                               .version = GENSETD_VERSION})),
      history_(std::make_unique<history::History>(hub_, settings.history)),
      poller_(std::make_unique<poller::Poller>(context, *profiles_.catalog(), registry_->directory(), hub_,
                                               numbering_,
                                               poller::Poller::Options{.defaults = settings.polling,
                                                                       .policy = policy_of(settings),
                                                                       .threads = settings.poll_threads,
                                                                       .descriptors = descriptors_})) {
  use_stored_profiles();
  outputs_ = std::make_unique<Outputs>(
      settings, OutputContext{.context = context,
                              .hub = hub_,
                              .epoch = numbering_.epoch(),
                              .poll_settings = [this](std::int64_t id) { return poller_->settings_of(id); }});
  events_->publish = [this](const std::string& event) {
    if (outputs_) outputs_->publish_event(event);  // null at the end of stop()
  };
  server_ = std::make_unique<api::ApiServer>(
      context,
      api::ApiOptions{.address = settings.http_address,
                      .port = settings.http_port,
                      .api_token = settings.api_token,
                      .read_token = settings.read_token,
                      .allowed_origins = settings.allowed_origins,
                      .tls = {.certificate = settings.tls_cert, .key = settings.tls_key},
                      .limits = settings.http_limits,
                      .web_dir = settings.web_dir},
      api::ApiServices{
          .hub = hub_,
          .notices = notices_,
          .registry = *registry_,
          .events = *events_,
          .history = *history_,
          .profiles = profiles_.catalog(),
          .probe = [this](api::ProbeRequest request) { return probe(std::move(request)); },
          .read_now =
              [this](api::ProbeRequest request, std::optional<modbus::ReadRequest> range) {
                return read_now(std::move(request), range);
              },
          .scan = [this](registry::ScanTarget target) { return scan(std::move(target)); },
          .address_refusal =
              [policy = policy_of(settings)](const std::string& host) { return refusal_of(host, policy); },
          .health = [this] { return health(); },
          .connections_possible = [this] { return descriptor_plan_.http_possible(descriptors_->wanted()); },
          .add_daemon_metrics =
              [this](measure::MetricFamilies& families) { return add_daemon_metrics(families); },
          .add_device_metrics =
              [this](measure::MetricFamilies& families) { return add_device_metrics(families); },
          .diagnostics = [this](const registry::Device& device) { return diagnostics(device); },
          .poll_interval = std::chrono::duration<double>(settings.polling.poll_interval).count(),
          .epoch = reading::print_epoch(numbering_.epoch()),
          .version = GENSETD_VERSION});
  monitor_.watch(registry_->heartbeat());
  // Last, because the plan counts the descriptors that are open now.
  descriptor_plan_ = plan_descriptors(descriptors, open_descriptors(), settings.poll_threads,
                                      settings.http_limits.connections);
  descriptors_->set_connections_max(descriptor_plan_.controllers);
}

Daemon::~Daemon() {
  if (!registry_) return;
  registry_->listen(nullptr);
  registry_->on_change({});
  registry_->on_profiles_change({});
}

void Daemon::start() {
  registry_->listen(poller_.get());
  registry_->on_profiles_change([this] {
    use_stored_profiles();
    notices_.notify_registry_change();
  });
  registry_->on_change([this](const std::vector<std::int64_t>& device_ids) {
    events_->registry_changed(device_ids);
    notices_.notify_registry_change();
  });
  history_->start();
  events_->start();
  outputs_->start();
  server_->start();
  poller_->start();
  checks_.start(supervision::HangMonitor::check_every, [this] { check(); });
}

// The poller reads the catalog itself, so it needs to be notified of the devices concerned only.
void Daemon::use_stored_profiles() {
  const std::vector<std::int64_t> changed = profiles_.replace(registry_->directory());
  registry_->use_profiles(*profiles_.catalog());
  for (const std::int64_t id : changed) {
    const auto device = registry_->directory().devices.find(id);
    if (device != registry_->directory().devices.end()) poller_->profile_replaced(device->second);
  }
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
  // An exception of one part does not keep the others from their stop.
  const auto step = [](auto act) {
    supervision::attempt(supervision::Task::stop, {}, "the stop goes on", act);
  };
  checks_.stop();
  registry_->stop_soon();
  registry_->listen(nullptr);
  registry_->on_change({});
  registry_->on_profiles_change({});
  step([&] { events_->stop(); });
  step([&] { history_->stop(); });
  step([&] { poller_->stop(); });
  try {
    co_await outputs_->stop(outputs_stop_max);
  } catch (...) {
    supervision::report_exception(supervision::Task::stop, {}, "the stop goes on");
  }
  try {
    co_await server_->stop(http_stop_max);
  } catch (...) {
    supervision::report_exception(supervision::Task::stop, {}, "the stop goes on");
  }
  server_.reset();
  outputs_.reset();
  has_abandoned_thread_ = poller_->threads_hanging() > 0;
  if (has_abandoned_thread_) [[maybe_unused]]
    const poller::Poller* const leaked = poller_.release();  // its destructor would wait for the thread
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

api::HealthReport Daemon::health() const {
  api::HealthReport health;
  const auto ok_or = [](std::string wrong) { return wrong.empty() ? std::string{"ok"} : std::move(wrong); };
  health.registry = ok_or(registry_problem());
  health.outputs = outputs_->health();
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

asio::awaitable<void> Daemon::add_daemon_metrics(measure::MetricFamilies& families) const {
  poller::AllTotals totals = co_await poller_->totals();
  if (!poller_) co_return;  // stopped meanwhile
  add_metrics(metrics(totals), families);
  outputs_->add_metrics(families);
  add_process_metrics(families);
}

asio::awaitable<void> Daemon::add_device_metrics(measure::MetricFamilies& families) const {
  std::set<std::string> links;  // already added
  const std::vector<std::int64_t> ids = poller_->device_ids();
  for (std::size_t first = 0; first < ids.size() && poller_; first += devices_at_once) {
    const std::size_t count = std::min(devices_at_once, ids.size() - first);
    const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(first);
    std::vector<std::int64_t> some(begin, begin + static_cast<std::ptrdiff_t>(count));
    const std::vector<poller::DeviceAndLink> metrics = co_await poller_->metrics(std::move(some));
    if (!history_) co_return;  // stopped meanwhile
    for (const auto& [device, link] : metrics) {
      add_device(device, history_->bytes_of(device.identity.device_id), families);
      if (links.insert(link.address).second) add_link(link, families);
    }
  }
}

asio::awaitable<std::string> Daemon::diagnostics(registry::Device device) const {
  const std::optional<poller::Diagnostics> diagnostics = co_await poller_->diagnostics(device.id);
  std::string text = diagnostics ? print_diagnostics(device, *diagnostics, hub_.reading_interval(device.id))
                                 : print_not_polled(device, poller_->why_not_polled(device));
  co_return text;
}

std::map<std::string, SiteMetrics> Daemon::sites() const {
  std::map<std::string, SiteMetrics> sites;
  poller_->for_each_device([&](const reading::DeviceIdentity& device, bool online) {
    SiteMetrics& site = sites[device.site_code];
    ++site.devices;
    if (online) ++site.online;
  });
  return sites;
}

DaemonMetrics Daemon::metrics(const poller::AllTotals& totals) const {
  return {.polling = totals.polling,
          .links = totals.links,
          .sites = sites(),
          .registry_up = registry_->healthy(),
          .registry_full = registry_->is_full() || events_->is_refused(),
          .registry = registry_->metrics(),
          .events = events_->metrics(),
          .history = history_->metrics(),
          .log_lines_dropped = Logging::lines_dropped(),
          .poll_threads = poller_->threads(),
          .poll_threads_hanging = poller_->threads_hanging(),
          .connections_max = descriptors_->connections_max(),
          .without_descriptor = descriptors_->waiting(),
          .exceptions = supervision::exception_counts()};
}

asio::awaitable<api::ProbeResult> Daemon::probe(api::ProbeRequest request) {
  poller::DeviceAddress address = address_of(request);
  poller::ConnectionTestResult probed =
      co_await poller_->test_connection(std::move(address), std::move(request.profile));
  co_return probe_result_of(std::move(probed));
}

asio::awaitable<std::string> Daemon::scan(registry::ScanTarget target) {
  poller::ScanPlan plan{.host = target.ip_address,
                        .port = target.port,
                        .units = std::move(target.slave_ids),
                        .protocols = {target.protocol},
                        .pause_max = std::chrono::seconds{1}};
  for (const auto& [name, profile] : profiles_.catalog()->all()) plan.profiles.push_back(profile);
  const poller::ScanResult found = co_await poller_->scan(std::move(plan));
  co_return scan_json_with_error(target.ip_address, target.port, found);
}

asio::awaitable<api::ReadNowResult> Daemon::read_now(api::ProbeRequest request,
                                                     std::optional<modbus::ReadRequest> range) {
  const poller::DeviceAddress address = address_of(request);
  poller::ReadResult read = co_await poller_->read(address, request.profile, range);
  api::ReadNowResult result = read_now_of(address, request.profile, std::move(read));
  co_return result;
}

}  // namespace gensetd::daemon
