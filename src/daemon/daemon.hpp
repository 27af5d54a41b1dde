#pragma once

#include "api/api_server.hpp"
#include "daemon/daemon_metrics.hpp"
#include "daemon/descriptors.hpp"
#include "daemon/outputs.hpp"
#include "daemon/profiles_in_force.hpp"
#include "daemon/settings.hpp"
#include "live/hub.hpp"
#include "live/notification_hub.hpp"
#include "poller/poller.hpp"
#include "registry/service.hpp"
#include "supervision/heartbeat.hpp"
#include "supervision/repeater.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace gensetd::daemon {

// Constructs, starts and stops the parts of the daemon in order. Use: construct (opens the registry and the
// port; throws std::runtime_error with one line for people), start(), run the context, stop(). One thread:
// that of the context. The poller has threads of its own, which it hides.
class Daemon {
 public:
  // `descriptors`: the limit of open files.
  Daemon(boost::asio::io_context& context, const Settings& settings, std::size_t descriptors);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  void start();

  // Marks every device offline, sends that to the outputs and the WebSocket clients, and closes everything.
  // It takes at most two seconds.
  boost::asio::awaitable<void> stop();

  // Whether all polling threads respond.
  bool is_healthy() const { return !poller_ || poller_->problem().empty(); }

  // After stop(): a polling thread hangs and was not joined.
  bool has_abandoned_thread() const { return has_abandoned_thread_; }

  std::uint16_t http_port() const { return server_->port(); }

  // Re-reads TLS_CERT and TLS_KEY. Throws std::runtime_error with one line; then the current ones stay in
  // use.
  void reload_tls() {
    if (server_) server_->reload_tls();  // null at the end of stop()
  }

 private:
  void check();
  void use_stored_profiles();
  std::string descriptor_problem() const;
  std::string registry_problem() const;
  api::HealthReport health() const;
  boost::asio::awaitable<void> add_daemon_metrics(measure::MetricFamilies& families) const;
  boost::asio::awaitable<void> add_device_metrics(measure::MetricFamilies& families) const;
  std::map<std::string, SiteMetrics> sites() const;
  DaemonMetrics metrics(const poller::AllTotals& totals) const;
  boost::asio::awaitable<std::string> diagnostics(registry::Device device) const;
  boost::asio::awaitable<api::ProbeResult> probe(api::ProbeRequest request);
  boost::asio::awaitable<std::string> scan(registry::ScanTarget target);
  boost::asio::awaitable<api::ReadNowResult> read_now(api::ProbeRequest request,
                                                      std::optional<modbus::ReadRequest> range);

  ProfilesInForce profiles_;
  reading::Numbering numbering_;
  live::Hub hub_;
  live::NotificationHub notices_;
  std::unique_ptr<registry::Service> registry_;
  std::shared_ptr<link::DescriptorBudget> descriptors_;
  DescriptorPlan descriptor_plan_;
  supervision::HangMonitor monitor_;  // of the registry's thread
  supervision::Repeater checks_;
  bool descriptors_short_ = false;
  bool has_abandoned_thread_ = false;
  std::unique_ptr<events::EventService> events_;
  std::unique_ptr<history::History> history_;
  std::unique_ptr<poller::Poller> poller_;
  std::unique_ptr<Outputs> outputs_;
  std::unique_ptr<api::ApiServer> server_;
};

}  // namespace gensetd::daemon
