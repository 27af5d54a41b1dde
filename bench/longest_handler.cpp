// The longest single handler of the event loop while clients receive long responses: `longest_handler
// [DEVICES]`, 10,000 unless given. Exit status 1 when one takes more than 10 ms. What counts is processor
// time of the loop's thread, so that other work of the machine does not.
//
// The server is the program's own, with a registry in SQLite, a reading and an open alarm of each device, an
// hour of history of one, and nothing that polls.

#include "api/api_server.hpp"
#include "arguments.hpp"
#include "events/event_service.hpp"
#include "history/history.hpp"
#include "profile/catalog.hpp"
#include "reading/clocks.hpp"
#include "registry/database_url.hpp"
#include "registry/import.hpp"
#include "registry/store.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

namespace gensetd::bench {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr nanoseconds handler_max = milliseconds{10};
constexpr int history_readings = 1'800;  // an hour, every 2 s

nanoseconds processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} + nanoseconds{time.tv_nsec};
}

// A registry of `devices` devices of one site, in a folder of its own.
class TemporaryRegistry {
 public:
  TemporaryRegistry(int devices, const std::shared_ptr<const profile::Catalog>& profiles)
      : folder_(fs::temp_directory_path() / fmt::format("gensetd-bench-{}", ::getpid())) {
    fs::create_directory(folder_);
    std::string rows;
    for (int id = 1; id <= devices; ++id)
      rows += fmt::format(
          R"({}{{"id":{},"site_id":1,"name":"G{}","device_type":"generator","ip_address":"10.0.0.1"}})",
          id > 1 ? "," : "", id, id);
    const auto document = boost::json::parse(
        fmt::format(R"({{"format":"{}","sites":[{{"id":1,"name":"BEN","code":"BEN"}}],"devices":[{}]}})",
                    registry::export_format, rows));
    auto store = registry::Store::create_or_open(registry::parse_database_url(url()));
    const auto done = registry::import_document(store, document.as_object(), *profiles, {});
    if (const auto* refusal = std::get_if<registry::Refusal>(&done))
      throw std::runtime_error(refusal->message);
  }
  ~TemporaryRegistry() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  TemporaryRegistry(const TemporaryRegistry&) = delete;
  TemporaryRegistry& operator=(const TemporaryRegistry&) = delete;

  std::string url() const { return fmt::format("sqlite:///{}/registry.sqlite", folder_.string()); }

 private:
  fs::path folder_;
};

live::ReadingPtr reading_of(std::int64_t device_id, reading::ClockPair time,
                            const profile::ProfilePtr& profile) {
  static std::uint64_t seq = 0;
  reading::Content content{
      .identity = {.device_id = device_id, .site_code = "BEN", .device_type = "generator"},
      .profile = profile,
      .timestamp = time.wall,
      .at = time.steady,
      .online = true,
      .error = {},
      .last_seen = time.wall,
      .last_seen_at = time.steady,
      .values = std::vector<profile::Value>(profile->fields.size(), 0),
      .seq = ++seq};
  for (std::size_t index = 0; index < content.values.size(); ++index) {
    const std::string& name = profile->fields[index].name;
    if (name == "alarm_shutdown") content.values[index] = 1;
    if (!name.starts_with("alarm") && profile->fields[index].type != profile::Type::bit)
      content.values[index] = (device_id + static_cast<std::int64_t>(index)) % 1'000;
  }
  return reading::make_reading(std::move(content));
}

// Sends a request and reads the response to its end, or to half a second of silence. Returns its length.
std::size_t response_length(std::uint16_t port, const std::string& target, std::string_view fields) {
  asio::io_context context;
  asio::ip::tcp::socket socket(context);
  socket.connect({asio::ip::address_v4::loopback(), port});
  const timeval patience{.tv_sec = 0, .tv_usec = 500'000};
  ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  asio::write(socket,
              asio::buffer(fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", target, fields)));
  std::vector<char> bytes(1'048'576);
  std::size_t length = 0;
  for (;;) {
    const ssize_t length_received = ::recv(socket.native_handle(), bytes.data(), bytes.size(), 0);
    if (length_received <= 0) return length;
    length += static_cast<std::size_t>(length_received);
  }
}

struct Row {
  std::string target;
  std::string_view fields = "Connection: close\r\n";
};

std::vector<Row> rows_of(const profile::Profile& profile) {
  constexpr std::string_view upgrade =
      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Version: 13\r\n";
  constexpr std::string_view compressed =
      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n";
  std::string fields;
  for (std::size_t index = 0; index < std::min<std::size_t>(64, profile.fields.size()); ++index)
    fields += (index > 0 ? "," : "") + profile.fields[index].name;
  return {{"/api/metrics"},
          {"/api/metrics?site_id=1"},
          {"/api/devices"},
          {"/api/sites"},
          {"/api/profiles"},
          {"/api/alarms"},
          {"/api/events?limit=1000"},
          {"/api/events?limit=1000", "Accept: text/csv\r\nConnection: close\r\n"},
          {"/api/history?device_id=1&points=2000&fields=" + fields},
          {"/metrics"},
          {"/metrics?devices=1"},
          {"/ws/metrics", upgrade},
          {"/ws/metrics?proto=2", upgrade},
          {"/ws/metrics?proto=2", compressed}};
}

// Runs the loop until `done`, and returns the longest that a handler took.
template <class Done>
nanoseconds longest_until(asio::io_context& context, Done done) {
  nanoseconds longest{0};
  while (!done()) {
    const nanoseconds before = processor_time();
    const std::size_t ran = context.poll_one();
    longest = std::max(longest, processor_time() - before);
    if (ran == 0) std::this_thread::sleep_for(std::chrono::microseconds{20});
  }
  return longest;
}

bool measure(asio::io_context& context, std::uint16_t port, const Row& row) {
  std::atomic<bool> done = false;
  std::size_t length = 0;
  std::thread client([&] {
    length = response_length(port, row.target, row.fields);
    done = true;
  });
  const nanoseconds longest = longest_until(context, [&] { return done.load(); });
  client.join();
  const bool holds = longest <= handler_max;
  std::printf("%-44.44s %-12s %10.2f MB %8.2f ms%s\n", row.target.c_str(),
              row.fields.find("deflate") != std::string_view::npos ? "compressed" : "",
              static_cast<double>(length) / 1e6, std::chrono::duration<double, std::milli>(longest).count(),
              holds ? "" : "  too long");
  std::fflush(stdout);
  return holds;
}

bool run(int devices) {
  const auto profiles = std::make_shared<const profile::Catalog>(profile::Catalog::built_in());
  const profile::ProfilePtr profile = profiles->find("hgm9520n");
  const TemporaryRegistry database(devices, profiles);
  asio::io_context context{1};
  const auto work = asio::make_work_guard(context);
  live::Hub hub;
  live::NotificationHub notices;
  registry::Service registry(context.get_executor(), database.url(), profiles);
  events::EventService watch(context, hub, notices, registry, {});
  history::History history(hub, {});
  watch.start();
  history.start();
  const reading::ClockPair now = reading::ClockPair::now();
  for (int index = history_readings; index > 0; --index) {
    const auto ago = index * std::chrono::seconds{2};
    hub.publish(reading_of(1, {now.steady - ago, now.wall - ago}, profile));
  }
  for (std::int64_t id = 1; id <= devices; ++id) {
    hub.publish(reading_of(id, now, profile));
    context.poll();
  }
  api::ApiServer server(context, {.port = 0},
                        {.hub = hub,
                         .notices = notices,
                         .registry = registry,
                         .events = watch,
                         .history = history,
                         .profiles = profiles,
                         .probe = {},
                         .read_now = {},
                         .address_refusal = [](const std::string&) { return std::string{}; },
                         .health = [] { return api::HealthReport{}; },
                         .add_daemon_metrics = {},
                         .add_device_metrics = {},
                         .diagnostics = {},
                         .poll_interval = 2,
                         .version = "bench"});
  server.start();
  const auto settled = std::chrono::steady_clock::now() + std::chrono::seconds{2};
  longest_until(context, [&] { return std::chrono::steady_clock::now() > settled; });
  std::printf("%d devices; at most %lld ms in one handler\n\n%-57s %13s %11s\n", devices,
              static_cast<long long>(std::chrono::duration_cast<milliseconds>(handler_max).count()), "answer",
              "length", "longest");
  bool holds = true;
  for (const Row& row : rows_of(*profile)) holds = measure(context, server.port(), row) && holds;
  watch.stop();
  return holds;
}

}  // namespace
}  // namespace gensetd::bench

int main(int argc, char** argv) {
  using namespace gensetd::bench;
  return run_measurement("longest_handler", argc, argv, {.amount = 10'000, .counts = {}},
                         [](const Arguments& given) { return run(static_cast<int>(given.amount)); });
}
