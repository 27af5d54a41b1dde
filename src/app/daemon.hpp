#pragma once

#include "app/descriptors.hpp"
#include "app/figures.hpp"
#include "app/settings.hpp"
#include "http/server.hpp"
#include "live/hub.hpp"
#include "live/notices.hpp"
#include "poller/poller.hpp"
#include "redis/client.hpp"
#include "registry/service.hpp"
#include "supervision/heartbeat.hpp"
#include "supervision/repeater.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace gensetd::app {

// The daemon's parts, in the order of their start. Use: construct (opens the registry and the port; throws
// std::runtime_error with one line for people), start(), run the context, stop(). One
// thread, the context's: polling has threads of its own, which the poller hides.
class Daemon {
 public:
  // descriptors: how many the process may have open.
  Daemon(boost::asio::io_context& context, const Settings& settings, std::size_t descriptors);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  void start();

  // Marks every device offline, brings that to Redis and to the WebSocket clients, closes everything. Within
  // two seconds.
  boost::asio::awaitable<void> stop();

  // Whether all threads that poll do so, as far as it is known.
  bool works() const { return !poller_ || poller_->problem().empty(); }

  // After stop(): a polling thread hangs and could not be ended.
  bool has_left_a_thread() const { return has_left_a_thread_; }

  std::uint16_t http_port() const { return server_->port(); }

  // Reads TLS_CERT and TLS_KEY again. Throws std::runtime_error with one line; then those in use stay.
  void reload_tls() {
    if (server_) server_->reload_tls();  // null at the end of stop()
  }

 private:
  void check();
  std::string descriptor_problem() const;
  std::string registry_problem() const;
  http::Health health() const;
  boost::asio::awaitable<void> add_daemon_figures(http::MetricFamilies& families) const;
  boost::asio::awaitable<void> add_device_figures(http::MetricFamilies& families) const;
  std::map<std::string, SiteFigures> sites() const;
  Figures figures(const poller::AllTotals& totals) const;
  boost::asio::awaitable<std::string> diagnostics(registry::Device device) const;
  boost::asio::awaitable<http::ProbeResult> probe(http::ProbeRequest request);
  boost::asio::awaitable<http::ReadNowResult> read_now(http::ProbeRequest request,
                                                       std::optional<modbus::ReadRequest> range);

  std::shared_ptr<const profile::Catalog> catalog_;
  reading::Numbering numbering_;
  live::Hub hub_;
  live::Notices notices_;
  std::unique_ptr<registry::Service> registry_;
  std::shared_ptr<link::DescriptorBudget> descriptors_;
  DescriptorPlan descriptor_plan_;
  supervision::HangMonitor monitor_;  // of the registry's thread
  supervision::Repeater checks_;
  bool descriptors_short_ = false;
  bool has_left_a_thread_ = false;
  std::unique_ptr<events::Watch> events_;
  std::unique_ptr<history::History> history_;
  std::unique_ptr<poller::Poller> poller_;
  std::unique_ptr<redis::Client> redis_;  // null without REDIS_URL
  std::unique_ptr<http::Server> server_;
};

}  // namespace gensetd::app
