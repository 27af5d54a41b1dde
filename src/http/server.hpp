#pragma once

#include "events/watch.hpp"
#include "history/history.hpp"
#include "http/limits.hpp"
#include "http/metric_families.hpp"
#include "http/tls.hpp"
#include "live/hub.hpp"
#include "live/notices.hpp"
#include "profile/catalog.hpp"
#include "reading/reading.hpp"
#include "registry/service.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gensetd::http {

// The controller that POST /api/devices/test-connection or read is about, after validation.
struct ProbeRequest {
  std::string ip_address;
  std::uint16_t port = 502;
  std::uint8_t slave_id = 1;
  modbus::Protocol protocol = modbus::Protocol::tcp;
  profile::ProfilePtr profile;
};

// What it found. `error` is empty on success, else one line that says at which step it failed.
struct ProbeResult {
  std::string error;
  std::chrono::microseconds latency{0};
  std::uint16_t address = 0;  // of the register read
  std::uint16_t raw_value = 0;
};

// What POST /api/devices/read found. `error` as above.
struct ReadNowResult {
  std::string error;
  std::chrono::microseconds latency{0};
  std::size_t requests = 0;
  std::optional<reading::Facts> facts;               // without identity; empty when a range was asked
  std::map<std::uint16_t, std::uint16_t> registers;  // by address: all that came
};

// What GET /health tells.
struct Health {
  bool ready = true;         // polls, and can; false: 503
  std::string registry;      // "ok" or what is wrong
  std::string redis;         // "ok", "off" or what is wrong
  std::string poller;        // "ok" or what is wrong
  std::string descriptors;   // "ok" or what is wrong
  std::string tasks;         // "ok" or what is wrong
  std::int64_t devices = 0;  // polled
  std::int64_t devices_online = 0;
};

struct Options {
  std::string address = "127.0.0.1";         // IPv4 or IPv6 literal
  std::uint16_t port = 8010;                 // 0: any free port
  std::string api_token;                     // empty: none needed
  std::string read_token;                    // empty: there is none
  std::vector<std::string> allowed_origins;  // beside the same origin
  TlsFiles tls;
  Limits limits;
  std::filesystem::path web_dir;  // where the dashboard is served from; empty: what is built in
};

// What the server needs of the other rooms. All calls on the server's thread.
struct Services {
  live::Hub& hub;
  live::Notices& notices;
  registry::Service& registry;
  events::Watch& events;
  const history::History& history;
  std::shared_ptr<const profile::Catalog> profiles;
  std::function<boost::asio::awaitable<ProbeResult>(ProbeRequest)> probe;
  // Every register of the profile, or this range alone.
  std::function<boost::asio::awaitable<ReadNowResult>(ProbeRequest, std::optional<modbus::ReadRequest>)>
      read_now;
  // Why a controller may not have this address, a sentence; empty when it may, or for a host name.
  std::function<std::string(const std::string& ip_address)> address_refusal;
  std::function<Health()> health;
  // How many connections the process can have open now, beside the limit of Options; may be empty.
  std::function<std::size_t()> connections_possible;
  // The daemon's own figures, and what was counted of each of its links and devices; may be empty.
  std::function<boost::asio::awaitable<void>(MetricFamilies&)> add_daemon_figures;
  std::function<boost::asio::awaitable<void>(MetricFamilies&)> add_device_figures;
  std::function<boost::asio::awaitable<std::string>(registry::Device)> diagnostics;  // JSON
  double poll_interval = 0;  // seconds, of devices without their own
  std::string epoch;         // of this run, for clients that reconnect
  std::string version;
};

// REST, WebSocket and the page, on one io_context and its thread.
// Use: construct (binds and listens; throws std::runtime_error with one line for people), run; stop() closes
// the listener, tells WebSocket clients 'going away' and ends sessions; it returns when all have ended or
// after `within`.
class Server {
 public:
  Server(boost::asio::io_context& context, const Options& options, Services services);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void start();
  std::uint16_t port() const;   // the one bound
  std::string problem() const;  // why no connections are accepted; empty: they are

  // Reads the files of TLS again, for connections from now on. Throws std::runtime_error with one line, and
  // what was read last stays.
  void reload_tls();

  boost::asio::awaitable<void> stop(std::chrono::milliseconds within);

 private:
  class Implementation;
  std::shared_ptr<Implementation> implementation_;
};

}  // namespace gensetd::http
