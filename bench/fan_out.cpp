// One reading to many WebSocket clients, beside bare writes of the same bytes to as many connections of the
// same receiver: processor time per frame. `fan_out [READINGS [CLIENTS…]]`. Exit status 1 when gensetd needs
// more than 1 / 0.7 of the bare writes' time.
//
// gensetd receives a reading from Redis as another process would publish it, the next one when every client
// has the last. The sender, on a core of its own, sleeps while the receiver is busy, so that the receiver
// does not count. The two take turns.

#include "arguments.hpp"
#include "processes.hpp"
#include "profile/catalog.hpp"
#include "reading/reading.hpp"
#include "sockets.hpp"
#include "table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

namespace gensetd::bench {
namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

constexpr double ratio_min = 0.7;
constexpr double growth_max = 1.2;
constexpr int runs = 3;
constexpr std::uint32_t loopback = 0x7F000001;
constexpr std::int64_t device_id = 7;
constexpr std::uint64_t frames_per_run = 200'000;
constexpr std::uint64_t readings_max = 10'000;  // a run ends before gensetd pings

// The fields of an HGM9520N in operation.
std::string message(reading::Timestamp timestamp) {
  static const profile::ProfilePtr profile = profile::Catalog::built_in().find("hgm9520n");
  return reading::make_reading(
             {.identity = {.device_id = device_id, .site_code = "BEN", .device_type = "generator"},
              .profile = profile,
              .timestamp = timestamp,
              .online = true,
              .error = {},
              .last_seen = timestamp,
              .values = std::vector<profile::Value>(profile->fields.size(), 1'234),
              .seq = static_cast<std::uint64_t>(timestamp.time_since_epoch().count()),
              .epoch = 1})
      ->json;
}

void send_all(const Descriptor& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    pollfd ready{.fd = socket.number(), .events = POLLOUT, .revents = 0};
    ::poll(&ready, 1, 1'000);
  }
}

// Connections whose bytes are only counted.
class Receiver {
 public:
  Receiver() : epoll_(make_epoll()) {}

  void add(std::uint16_t port, const std::string& greeting) {
    Descriptor socket = connect_to(loopback, port);
    if (!greeting.empty()) send_all(socket, greeting);
    watch(epoll_, socket.number(), sockets_.size());
    sockets_.push_back(std::move(socket));
  }
  void receive(int patience_ms) {
    std::array<epoll_event, 256> events;
    std::array<char, 65'536> bytes;
    const int ready =
        ::epoll_wait(epoll_.number(), events.data(), static_cast<int>(events.size()), patience_ms);
    for (int index = 0; index < ready; ++index) {
      const ssize_t length = ::recv(sockets_[events[static_cast<std::size_t>(index)].data.u64].number(),
                                    bytes.data(), bytes.size(), 0);
      if (length <= 0) throw std::runtime_error("the sender closed a connection");
      bytes_ += static_cast<std::uint64_t>(length);
    }
  }
  void receive_until(std::uint64_t bytes) {
    while (bytes_ < bytes) receive(1'000);
    if (bytes_ > bytes) throw std::runtime_error("more has come than was sent");
  }
  void receive_rest(int silence_ms) {  // of the messages before the measurement
    for (std::uint64_t before = bytes_ + 1; before != bytes_;) {
      before = bytes_;
      receive(silence_ms);
    }
    bytes_ = 0;
  }

 private:
  Descriptor epoll_;
  std::vector<Descriptor> sockets_;
  std::uint64_t bytes_ = 0;
};

struct FanOutMetrics {
  double us = 0;          // processor time of the sender per frame
  double per_second = 0;  // by the clock
};

// `publish` makes the sender send a frame of `length` bytes to each connection.
template <class Publish>
FanOutMetrics measure(Receiver& receiver, std::uint32_t clients, std::uint64_t readings, std::size_t length,
                      pid_t sender, Publish publish) {
  const double cpu = process_cpu_time(sender);
  const auto begin = steady_clock::now();
  for (std::uint64_t reading = 1; reading <= readings; ++reading) {
    publish();
    receiver.receive_until(reading * clients * length);
  }
  const double frames = static_cast<double>(readings) * clients;
  return {.us = (process_cpu_time(sender) - cpu) * 1e6 / frames,
          .per_second = frames / duration<double>(steady_clock::now() - begin).count()};
}

// A process that writes the same bytes to each connection, one after the other, at each signal.
class BareSender {
 public:
  BareSender(std::uint32_t clients, const std::string& frame) : listener_(listen_everywhere(0)) {
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()) != 0) throw std::runtime_error("socketpair");
    control_ = Descriptor(pair[0]);
    child_.emplace();
    if (!child_->is_copy()) {
      ::close(pair[1]);
      return;
    }
    run_on_core(0);
    std::vector<Descriptor> connections;
    while (connections.size() < clients) {
      Descriptor connection(::accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK));
      if (connection.number() >= 0) {
        connections.push_back(std::move(connection));
      } else {
        std::this_thread::yield();
      }
    }
    for (char signal = 0; ::read(pair[1], &signal, 1) == 1;)
      for (const Descriptor& connection : connections) send_all(connection, frame);
    ::_exit(0);
  }
  std::uint16_t port() const { return port_of(listener_); }
  pid_t process() const { return child_->process(); }
  void send() { send_all(control_, "x"); }

 private:
  Descriptor listener_;
  Descriptor control_;
  std::optional<Child> child_;
};

std::size_t frame_length(std::size_t message_length) {
  return message_length + (message_length < 126 ? 2 : 4);
}

FanOutMetrics measure_bare(std::uint32_t clients, std::uint64_t readings) {
  const std::size_t length = frame_length(message(reading::Timestamp{}).size());
  BareSender sender(clients, std::string(length, 'x'));
  Receiver receiver;
  for (std::uint32_t client = 0; client < clients; ++client) receiver.add(sender.port(), {});
  return measure(receiver, clients, readings, length, sender.process(), [&] { sender.send(); });
}

FanOutMetrics measure_gensetd(std::uint32_t clients, std::uint64_t readings) {
  const TemporaryFolder folder;
  const std::uint16_t redis_port = free_port();
  const Program redis(
      {"redis-server", "--port", std::to_string(redis_port), "--save", "", "--appendonly", "no"}, {},
      folder.path() / "redis.log");
  wait_until_listening(redis_port);
  const std::uint16_t port = free_port();
  const std::string clients_max = std::to_string(clients + 10);
  const Program gensetd({"taskset", "-c", "0", gensetd_program(), "serve"},
                        {{"DATABASE_URL", "sqlite:///" + (folder.path() / "registry.sqlite").string()},
                         {"HTTP_LISTEN", fmt::format("127.0.0.1:{}", port)},
                         {"REDIS_URL", fmt::format("redis://127.0.0.1:{}/0", redis_port)},
                         {"WEBSOCKET_CLIENTS_MAX", clients_max},
                         {"HTTP_CONNECTIONS_MAX", std::to_string(clients + 100)}},
                        folder.path() / "gensetd.log");
  wait_until_listening(port);
  Receiver receiver;
  const std::string request = fmt::format(
      "GET /ws/metrics?devices={} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: "
      "Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
      device_id);
  for (std::uint32_t client = 0; client < clients; ++client) {
    receiver.add(port, request);
    receiver.receive(0);
  }
  receiver.receive_rest(500);

  const Descriptor to_redis = connect_to(loopback, redis_port);
  auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto publish = [&] {
    now += std::chrono::milliseconds{1};
    const std::string text = message(now);
    send_all(to_redis, fmt::format("*3\r\n$7\r\nPUBLISH\r\n$15\r\nmetrics:updates\r\n${}\r\n{}\r\n",
                                   text.size(), text));
    std::array<char, 256> answers;
    while (::recv(to_redis.number(), answers.data(), answers.size(), 0) > 0) {
    }
  };
  publish();
  receiver.receive_rest(500);
  return measure(receiver, clients, readings, frame_length(message(now).size()), gensetd.process(), publish);
}

bool print_table(std::uint64_t readings, const std::vector<std::uint32_t>& counts) {
  fmt::print(
      "{} bytes a frame\n"
      "          processor time per frame (us)              frames per second\n"
      "clients       bare   gensetd      ratio          bare      gensetd\n",
      frame_length(message(reading::Timestamp{}).size()));
  bool good = true;
  std::vector<double> costs;
  for (const std::uint32_t clients : counts) {
    const std::uint64_t count =
        readings != 0 ? readings : std::clamp<std::uint64_t>(frames_per_run / clients, 20, readings_max);
    std::array<std::vector<double>, 4> metrics;
    for (int run = 0; run < runs; ++run) {
      const FanOutMetrics bare = measure_bare(clients, count);
      const FanOutMetrics gensetd = measure_gensetd(clients, count);
      metrics[0].push_back(bare.us);
      metrics[1].push_back(gensetd.us);
      metrics[2].push_back(bare.per_second);
      metrics[3].push_back(gensetd.per_second);
    }
    const double bare = median(metrics[0]);
    const double gensetd = median(metrics[1]);
    if (clients >= 100) good = good && bare / gensetd >= ratio_min;
    costs.push_back(gensetd);
    fmt::print("{:7} {:10.2f} {:9.2f} {:10.2f} {:13.0f} {:12.0f}\n", clients, bare, gensetd, bare / gensetd,
               median(metrics[2]), median(metrics[3]));
    std::fflush(stdout);
  }
  fmt::print(
      "required: from 100 clients on a ratio of at least {:.1f}; a frame costs no more (within 20 %) to many "
      "clients than to few: {}\n",
      ratio_min, costs.back() <= growth_max * costs.front() ? "yes" : "NO");
  return good && costs.back() <= growth_max * costs.front();
}

}  // namespace
}  // namespace gensetd::bench

int main(int argc, char** argv) {
  using namespace gensetd::bench;
  return run_measurement("fan_out", argc, argv, {0, {1, 10, 100, 1'000, 5'000}},
                         [](const Arguments& arguments) {
                           run_on_core(1);
                           return print_table(static_cast<std::uint64_t>(arguments.amount), arguments.counts);
                         });
}
