// Modbus TCP transactions of the whole client (link, checks, deadline, cycle, decoding) beside a bare epoll
// loop that exchanges the same bytes with the same peer: processor time per request on one core, 1 to 10,000
// connections with one request under way on each. `transactions [SECONDS [CONNECTIONS…]]`: SECONDS for
// each of the two. Exit status 1 when the client's rate on one core is below 0.8 of the bare loop's.
//
// The rate on one core is requests by the processor time of the thread: it sleeps while the peer, on the
// other core, is the slower one, so that the peer does not count. The bare loop and the client take turns.

#include "arguments.hpp"
#include "continuous_device.hpp"
#include "controller_process.hpp"
#include "processes.hpp"
#include "profile/catalog.hpp"
#include "profile/read_plan.hpp"
#include "sockets.hpp"
#include "table.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace gensetd::bench {
namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

constexpr double ratio_min = 0.8;
constexpr int turns = 25;  // of each

struct TransactionMetrics {
  double cpu_us = 0;      // per request, of the client's thread
  double per_second = 0;  // by the clock
  double peer_share = 0;  // of a core
};

// The measured program: turn() makes progress, requests() counts responses, peer() responds.
class MeasuredLoop {
 public:
  virtual ~MeasuredLoop() = default;
  virtual void turn() = 0;
  virtual std::uint64_t requests() const = 0;
  virtual pid_t peer() const = 0;
};

TransactionMetrics measure(MeasuredLoop& measured, double seconds) {
  const std::uint64_t before = measured.requests();
  const double cpu = thread_cpu_time();
  const double peer_cpu = process_cpu_time(measured.peer());
  const auto begin = steady_clock::now();
  while (duration<double>(steady_clock::now() - begin).count() < seconds) measured.turn();
  const double took = duration<double>(steady_clock::now() - begin).count();
  const auto count = static_cast<double>(measured.requests() - before);
  return {.cpu_us = (thread_cpu_time() - cpu) * 1e6 / count,
          .per_second = count / took,
          .peer_share = (process_cpu_time(measured.peer()) - peer_cpu) / took};
}

// Each connection is warm when it has been through its requests some times.
std::uint64_t warm_requests(std::uint32_t connections) { return 5'000 + 6ULL * connections; }

// The fastest possible program: the same requests in the same order, checking only the length of responses.
class BareLoop final : public MeasuredLoop {
 public:
  BareLoop(std::uint32_t count, const profile::ReadPlan& plan) : plan_(plan), epoll_(make_epoll()) {
    connections_.resize(count);
    for (std::uint32_t index = 0; index < count; ++index) {
      connections_[index].socket = connect_to(loopback_address(index), peer_.port());
      watch(epoll_, connections_[index].socket.number(), index);
      send(connections_[index]);
    }
  }
  void turn() override {
    std::array<epoll_event, 128> events;  // as many as Asio takes
    const int ready = ::epoll_wait(epoll_.number(), events.data(), static_cast<int>(events.size()), 100);
    for (int index = 0; index < ready; ++index)
      receive(connections_[events[static_cast<std::size_t>(index)].data.u64]);
  }
  std::uint64_t requests() const override { return requests_; }
  pid_t peer() const override { return peer_.process(); }

 private:
  struct Connection {
    Descriptor socket;
    std::size_t read = 0;
    std::size_t missing = 0;
    std::uint16_t transaction_id = 0;
  };
  void send(Connection& connection) {
    const profile::PlannedRead& read = plan_[connection.read];
    connection.read = (connection.read + 1) % plan_.size();
    connection.missing = 9U + 2U * read.count;
    ++connection.transaction_id;
    const std::array<std::uint8_t, 12> bytes{high(connection.transaction_id),
                                             low(connection.transaction_id),
                                             0,
                                             0,
                                             0,
                                             6,
                                             1,
                                             3,
                                             high(read.first),
                                             low(read.first),
                                             high(read.count),
                                             low(read.count)};
    ::send(connection.socket.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  void receive(Connection& connection) {
    std::array<std::uint8_t, 2'048> bytes;
    const ssize_t length = ::recv(connection.socket.number(), bytes.data(), bytes.size(), 0);
    if (length <= 0) throw std::runtime_error("the peer has gone");
    connection.missing -= static_cast<std::size_t>(length);
    if (connection.missing != 0) return;
    ++requests_;
    send(connection);
  }
  static std::uint8_t high(std::uint16_t number) { return static_cast<std::uint8_t>(number >> 8U); }
  static std::uint8_t low(std::uint16_t number) { return static_cast<std::uint8_t>(number); }

  const ControllerProcess peer_{1};
  const profile::ReadPlan& plan_;
  Descriptor epoll_;
  std::vector<Connection> connections_;
  std::uint64_t requests_ = 0;
};

std::string printed(std::uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24U, address >> 16U & 255U, address >> 8U & 255U,
                     address & 255U);
}

class GensetdLoop final : public MeasuredLoop {
 public:
  GensetdLoop(std::uint32_t count, const profile::ReadLayoutPtr& reads) {
    for (std::uint32_t index = 0; index < count; ++index)
      devices_.push_back(std::make_unique<ContinuousDevice>(links_, printed(loopback_address(index)),
                                                            peer_.port(), reads, requests_));
  }
  void turn() override { context_.run_for(std::chrono::milliseconds{5}); }
  std::uint64_t requests() const override { return requests_; }
  pid_t peer() const override { return peer_.process(); }

 private:
  const ControllerProcess peer_{1};
  boost::asio::io_context context_{1};
  link::Pool links_{context_, {.loopback = true, .special = false}};
  std::uint64_t requests_ = 0;
  std::vector<std::unique_ptr<ContinuousDevice>> devices_;
};

// One of the two, in a process of its own: a process has descriptors for one.
class MeasuredProcess {
 public:
  template <class Make>
  MeasuredProcess(Make make, std::uint64_t warm) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
      throw std::system_error(errno, std::system_category(), "socketpair");
    Descriptor ours(ends[0]);
    Descriptor theirs(ends[1]);
    child_.emplace();
    if (!child_->is_copy()) {
      orders_ = std::move(ours);
      theirs = Descriptor();      // else its end would not be noticed
      read_value<bool>(orders_);  // it is warm
      return;
    }
    try {
      const auto measured = make();
      while (measured->requests() < warm) measured->turn();
      write_value(theirs, true);
      for (;;) write_value(theirs, gensetd::bench::measure(*measured, read_value<double>(theirs)));
    } catch (const std::exception& failure) {
      fmt::print(stderr, "transactions: {}\n", failure.what());
    }
    ::_exit(2);
  }
  TransactionMetrics measure(double seconds) const {
    write_value(orders_, seconds);
    return read_value<TransactionMetrics>(orders_);
  }

 private:
  template <class Value>
  static void write_value(const Descriptor& to, const Value& value) {
    if (::send(to.number(), &value, sizeof value, MSG_NOSIGNAL) != sizeof value)
      throw std::runtime_error("the other process has ended");
  }
  template <class Value>
  static Value read_value(const Descriptor& from) {
    Value value{};
    if (::recv(from.number(), &value, sizeof value, MSG_WAITALL) != sizeof value)
      throw std::runtime_error("the other process has ended");
    return value;
  }

  Descriptor orders_;
  std::optional<Child> child_;
};

// The two take turns that are short beside the moods of a machine that is shared with others.
struct LoopComparison {
  TransactionMetrics bare;
  TransactionMetrics client;
  double ratio = 0;  // of the rates on one core, of turns that follow on each other
};
TransactionMetrics median_of(const std::vector<TransactionMetrics>& all) {
  const auto of = [&](double TransactionMetrics::* which) {
    std::vector<double> list;
    for (const TransactionMetrics& one : all) list.push_back(one.*which);
    return median(std::move(list));
  };
  return {.cpu_us = of(&TransactionMetrics::cpu_us),
          .per_second = of(&TransactionMetrics::per_second),
          .peer_share = of(&TransactionMetrics::peer_share)};
}

LoopComparison compare(std::uint32_t connections, const profile::ReadLayoutPtr& reads, double seconds) {
  const std::uint64_t warm = warm_requests(connections);
  const MeasuredProcess bare([&] { return std::make_unique<BareLoop>(connections, reads->plan); }, warm);
  const MeasuredProcess client([&] { return std::make_unique<GensetdLoop>(connections, reads); }, warm);
  std::vector<TransactionMetrics> limits;
  std::vector<TransactionMetrics> ours;
  std::vector<double> ratios;
  for (int turn = 0; turn < turns; ++turn) {
    limits.push_back(bare.measure(seconds / turns));
    ours.push_back(client.measure(seconds / turns));
    ratios.push_back(limits.back().cpu_us / ours.back().cpu_us);
  }
  return {.bare = median_of(limits), .client = median_of(ours), .ratio = median(std::move(ratios))};
}

bool print_table(double seconds, const std::vector<std::uint32_t>& counts) {
  const profile::ReadLayoutPtr reads =
      profile::read_layout_of(profile::Catalog::built_in().find("hgm9520n"), modbus::Protocol::tcp);
  fmt::print(
      "              processor time per request (us)     per second on one core    by the clock     peer's "
      "core\n"
      "connections     bare  gensetd   ratio of rates        bare   gensetd      bare   gensetd    bare "
      "gensetd\n");
  bool good = true;
  for (const std::uint32_t connections : counts) {
    const auto [limit, ours, ratio] = compare(connections, reads, seconds);
    good = good && ratio >= ratio_min;
    fmt::print("{:11} {:8.2f} {:8.2f} {:16.2f} {:11.0f} {:9.0f} {:9.0f} {:9.0f} {:6.0f}% {:6.0f}%\n",
               connections, limit.cpu_us, ours.cpu_us, ratio, 1e6 / limit.cpu_us, 1e6 / ours.cpu_us,
               limit.per_second, ours.per_second, 100 * limit.peer_share, 100 * ours.peer_share);
    std::fflush(stdout);
  }
  fmt::print("required: a ratio of at least {:.1f}\n", ratio_min);
  return good;
}

}  // namespace
}  // namespace gensetd::bench

int main(int argc, char** argv) {
  using namespace gensetd::bench;
  return run_measurement("transactions", argc, argv, {4, {1, 10, 100, 1'000, 10'000}},
                         [](const Arguments& arguments) {
                           run_on_core(0);
                           return print_table(arguments.amount, arguments.counts);
                         });
}
