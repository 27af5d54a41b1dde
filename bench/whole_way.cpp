// The whole way of a value, with everything real but the controllers: 10 to 10,000 HGM9520N polled every 2 s
// by gensetd with its defaults, kept, published to redis-server, and pushed to WebSocket clients who watch
// 100 devices each. `whole_way [SECONDS [DEVICES…]]`: SECONDS of measuring for each number of devices. Exit
// status 1 when a promise does not hold.
//
// Controllers and clients are one thread of this process with one clock, so that the time from a controller's
// last byte to a client's frame is seen from outside; what that thread itself was late counts against
// gensetd. Its share of a core is in the table: below 1 it was not what limited.

#include "arguments.hpp"
#include "controller_server.hpp"
#include "processes.hpp"
#include "profile/catalog.hpp"
#include "profile/read_plan.hpp"
#include "sockets.hpp"
#include "table.hpp"
#include "websocket_clients.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace gensetd::bench {
namespace {

using std::chrono::duration;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds interval{2};
constexpr double late_share_max = 0.05;  // of the interval
constexpr double kilobytes_per_device = 20;
constexpr double growth_max = 1.2;
constexpr std::array<double, 2> latency_ms_max{2, 10};  // median and 99th percentile at 1,000 devices
constexpr std::uint32_t devices_per_client = 100;
constexpr int changes = 21;  // of the registry
constexpr seconds start_max = 2 * interval;

double since(steady_clock::time_point time) { return duration<double>(steady_clock::now() - time).count(); }

double percentile(std::vector<float>& sorted, double share) {
  if (sorted.empty()) return 0;
  return static_cast<double>(
      sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))]);
}

// Records when controllers respond and when clients receive.
class PathMeter final : public ControllerServer::RequestObserver, public WebSocketClients::MessageObserver {
 public:
  PathMeter(std::uint32_t devices, std::uint16_t first_register)
      : controllers_(0, this),
        clients_(*this),
        first_register_(first_register),
        devices_(devices),
        both_(make_epoll()) {
    watch(both_, controllers_.epoll().number(), 0);
    watch(both_, clients_.epoll().number(), 1);
  }

  std::uint16_t port() const { return controllers_.port(); }
  WebSocketClients& clients() { return clients_; }

  template <class Condition>
  void run_until(Condition reached) {
    while (!reached()) {
      std::array<epoll_event, 2> events;
      ::epoll_wait(both_.number(), events.data(), 2, 1);
      controllers_.run_ready(0);
      clients_.run_ready(0);
    }
  }
  void run_for(double time) {
    const auto begin = steady_clock::now();
    run_until([&] { return since(begin) >= time; });
  }

  void measure() {
    latencies.clear();
    lateness.clear();
    readings = 0;
    measuring_ = true;
  }
  void stop() { measuring_ = false; }
  std::size_t known() const { return known_; }  // devices whose last block was requested

  std::vector<float> latencies;  // milliseconds
  std::vector<float> lateness;   // of cycles, as a share of the interval, early ones too
  std::uint64_t readings = 0;    // that clients saw

 private:
  struct DeviceTimes {
    steady_clock::time_point cycle_start{};
    steady_clock::time_point responded{};
    bool is_delivered = true;
    bool known = false;
  };
  void responded(const ControllerServer::Request& request) override {
    DeviceTimes& device = devices_.at(request.device);
    const auto now = steady_clock::now();
    if (request.first_register == first_register_) {
      if (measuring_ && device.cycle_start != steady_clock::time_point{}) {
        const double apart = duration<double>(request.arrived - device.cycle_start).count();
        lateness.push_back(static_cast<float>(std::abs(apart / duration<double>(interval).count() - 1)));
      }
      device.cycle_start = request.arrived;
    } else if (!device.known) {
      device.known = true;
      ++known_;
    }
    device.responded = now;
    device.is_delivered = false;
  }
  void received(std::size_t, std::string_view message) override {
    const std::int64_t id = device_of(message);
    if (id == 0) return;
    DeviceTimes& device = devices_.at(static_cast<std::size_t>(id - 1));
    if (!measuring_) return;
    ++readings;
    if (!std::exchange(device.is_delivered, true))
      latencies.push_back(static_cast<float>(1'000 * since(device.responded)));
  }

  ControllerServer controllers_;
  WebSocketClients clients_;
  std::uint16_t first_register_;
  std::vector<DeviceTimes> devices_;
  Descriptor both_;
  std::size_t known_ = 0;
  bool measuring_ = false;
};

std::string registry_of(std::uint32_t devices, std::uint16_t port) {
  std::string text =
      R"({"format":"gensetd registry 1","sites":[{"id":1,"name":"Bench","code":"BEN"}],"devices":[)";
  for (std::uint32_t index = 0; index < devices; ++index) {
    const std::uint32_t ip = loopback_address(index);
    text += fmt::format(
        R"({}{{"id":{},"site_id":1,"name":"Genset {}","device_type":"generator","ip_address":"{}.{}.{}.{}","port":{}}})",
        index == 0 ? "" : ",", index + 1, index + 1, ip >> 24U, ip >> 16U & 255U, ip >> 8U & 255U, ip & 255U,
        port);
  }
  return text + "]}";
}

struct Row {
  std::uint32_t devices = 0;
  double start = 0;            // seconds from its start until each device was read
  double lateness_median = 0;  // shares of the interval
  double lateness_worst = 0;
  double missed = 0;          // slots, and failed cycles
  double readings = 0;        // per second, as clients saw them
  double us_per_reading = 0;  // processor time of gensetd
  double gensetd = 0;         // of a core
  double redis = 0;
  double meter = 0;
  double kilobytes = 0;             // resident
  std::array<double, 3> latency{};  // ms: median, 99 %, 99.9 %
  double change_ms = 0;             // of the registry, median
};

std::vector<std::uint32_t> watched(std::uint32_t client, std::uint32_t devices) {
  std::vector<std::uint32_t> ids;
  for (std::uint32_t id = client * devices_per_client + 1;
       id <= std::min(devices, (client + 1) * devices_per_client); ++id)
    ids.push_back(id);
  return ids;
}

// The median time of a change of one device, while all are polled.
double measure_changes(PathMeter& meter, std::uint16_t port, std::uint32_t devices) {
  std::atomic<bool> done = false;
  std::vector<double> times;
  std::string failure;
  std::thread changer([&] {
    try {
      for (int change = 0; change < changes; ++change) {
        const std::uint32_t id = 1 + static_cast<std::uint32_t>(change) % devices;
        const auto begin = steady_clock::now();
        http_request(port, "PATCH", fmt::format("/api/devices/{}", id),
                     fmt::format(R"({{"name":"Genset {} of {}"}})", id, change));
        times.push_back(1'000 * since(begin));
      }
    } catch (const std::exception& failed) {
      failure = failed.what();
    }
    done = true;
  });
  meter.run_until([&] { return done.load(); });
  changer.join();
  if (!failure.empty()) throw std::runtime_error(failure);
  return median(std::move(times));
}

Row measure(std::uint32_t devices, double time) {
  const profile::ProfilePtr profile = profile::Catalog::built_in().find("hgm9520n");
  const TemporaryFolder folder;
  PathMeter meter(devices, profile::merged_plan(*profile, modbus::Protocol::tcp).front().first);
  const std::string database = "sqlite:///" + (folder.path() / "registry.sqlite").string();
  std::ofstream(folder.path() / "registry.json") << registry_of(devices, meter.port());
  Program import({gensetd_program(), "registry", "import", (folder.path() / "registry.json").string()},
                 {{"DATABASE_URL", database}}, folder.path() / "import.log");
  if (import.wait() != 0) throw std::runtime_error("the import failed: see gensetd registry import");

  const std::uint16_t redis_port = free_port();
  const Program redis(
      {"redis-server", "--port", std::to_string(redis_port), "--save", "", "--appendonly", "no"}, {},
      folder.path() / "redis.log");
  wait_until_listening(redis_port);
  const std::uint16_t port = free_port();
  const auto begin = steady_clock::now();
  const Program gensetd({gensetd_program(), "serve"},
                        {{"DATABASE_URL", database},
                         {"HTTP_LISTEN", fmt::format("127.0.0.1:{}", port)},
                         {"REDIS_URL", fmt::format("redis://127.0.0.1:{}/0", redis_port)},
                         {"ALLOW_LOOPBACK_DEVICES", "1"}},
                        folder.path() / "gensetd.log");
  Row row{.devices = devices};
  meter.run_until([&] { return meter.known() == devices || since(begin) > 60; });
  if (meter.known() != devices) throw std::runtime_error("gensetd has not read all devices within a minute");
  row.start = since(begin);
  for (std::uint32_t client = 0; client * devices_per_client < devices; ++client) {
    meter.clients().connect(port,
                            fmt::format("/ws/metrics?devices={}", fmt::join(watched(client, devices), ",")));
    meter.run_for(0.001);
  }
  meter.run_for(2 * duration<double>(interval).count());

  meter.measure();
  const auto from = steady_clock::now();
  const double gensetd_before = process_cpu_time(gensetd.process());
  const double redis_before = process_cpu_time(redis.process());
  const double world_before = thread_cpu_time();
  meter.run_for(time);
  const double took = since(from);
  row.gensetd = (process_cpu_time(gensetd.process()) - gensetd_before) / took;
  row.redis = (process_cpu_time(redis.process()) - redis_before) / took;
  row.meter = (thread_cpu_time() - world_before) / took;
  meter.stop();
  row.kilobytes = resident_kilobytes(gensetd.process());
  std::ranges::sort(meter.latencies);
  std::ranges::sort(meter.lateness);
  row.readings = static_cast<double>(meter.readings) / took;
  row.us_per_reading = row.gensetd * 1e6 / row.readings;
  row.latency = {percentile(meter.latencies, 0.5), percentile(meter.latencies, 0.99),
                 percentile(meter.latencies, 0.999)};
  row.lateness_median = percentile(meter.lateness, 0.5);
  row.lateness_worst = percentile(meter.lateness, 1);
  row.change_ms = measure_changes(meter, port, devices);
  const std::string metrics = http_request(port, "GET", "/metrics");
  row.missed =
      sample(metrics, "gensetd_cycles_missed_total") + sample(metrics, "gensetd_cycles_failed_total");
  return row;
}

void check(bool holds, const char* promise, bool& good) {
  fmt::print("  {}: {}\n", promise, holds ? "yes" : "NO");
  good = good && holds;
}

bool print_table(double time, const std::vector<std::uint32_t>& counts) {
  fmt::print(
      "         all read   cycles' start (% of 2 s)  slots   readings  processor time   cores used by        "
      "     resident    last byte to frame (ms)   change of\n"
      "devices  after (s)  median off     worst  missed  a second  a reading (us)  gensetd  redis  this  kB  "
      " kB/device  median     99 %   99.9 %   one (ms)\n");
  std::vector<Row> rows;
  for (const std::uint32_t devices : counts) {
    const Row row = measure(devices, time);
    rows.push_back(row);
    const double per_device =
        rows.size() < 2 ? 0 : (row.kilobytes - rows.front().kilobytes) / (devices - rows.front().devices);
    fmt::print(
        "{:7} {:10.1f} {:11.2f} {:9.2f} {:7.0f} {:9.0f} {:15.1f} {:8.3f} {:6.3f} {:5.3f} {:7.0f} {:7.1f} "
        "{:7.2f} {:8.2f} {:8.2f} {:10.1f}\n",
        devices, row.start, 100 * row.lateness_median, 100 * row.lateness_worst, row.missed, row.readings,
        row.us_per_reading, row.gensetd, row.redis, row.meter, row.kilobytes, per_device, row.latency[0],
        row.latency[1], row.latency[2], row.change_ms);
    std::fflush(stdout);
  }
  bool good = true;
  const Row& least = rows.front();
  const Row& most = rows.back();
  fmt::print("requirements:\n");
  check(std::ranges::all_of(
            rows, [](const Row& row) { return row.missed == 0 && row.lateness_worst <= late_share_max; }),
        "every cycle starts within 5 % of its interval, none is missed", good);
  check(rows.size() < 2 ||
            (most.kilobytes - least.kilobytes) / (most.devices - least.devices) < kilobytes_per_device,
        "under 20 kB of memory a device", good);
  check(std::ranges::all_of(rows,
                            [](const Row& row) { return row.start <= duration<double>(start_max).count(); }),
        "all devices are read within two intervals of the start", good);
  check(most.us_per_reading <= growth_max * least.us_per_reading,
        "a reading costs no more (within 20 %) among many devices than among few", good);
  check(std::ranges::all_of(rows,
                            [](const Row& row) {
                              return row.devices > 1'000 || (row.latency[0] < latency_ms_max[0] &&
                                                             row.latency[1] < latency_ms_max[1]);
                            }),
        "up to 1,000 devices, from the last byte to the frame: median under 2 ms, 99 % under 10 ms", good);
  return good;
}

}  // namespace
}  // namespace gensetd::bench

int main(int argc, char** argv) {
  using namespace gensetd::bench;
  return run_measurement(
      "whole_way", argc, argv, {20, {10, 100, 1'000, 10'000}},
      [](const Arguments& arguments) { return print_table(arguments.amount, arguments.counts); });
}
