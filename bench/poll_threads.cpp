// Whether more polling threads help: readings a second with one and with more of them, each on a core of its
// own together with the controllers that it reads, as many as the machine has cores (at most four).
// `poll_threads [SECONDS]`: SECONDS of measuring for each number of threads. Exit status 1 when a thread
// among others does less than 0.85 of what one does alone.
//
// All are in one process and hand over to one thread, as in the daemon, so whatever they shared would show.
// Their devices are read again as soon as they have been, and so each core is busy all the time. The thread
// that takes the readings is on the first core: its CPU time counts against gensetd.

#include "arguments.hpp"
#include "controller_process.hpp"
#include "poller/poll_thread.hpp"
#include "profile/catalog.hpp"
#include "sockets.hpp"
#include "table.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <sys/epoll.h>
#include <thread>
#include <vector>

namespace gensetd::bench {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr double share_min = 0.85;  // of what a thread does alone
constexpr unsigned threads_max = 4;
constexpr int turns = 15;  // of each number of threads
constexpr std::uint32_t devices_per_thread = 200;
constexpr milliseconds interval{1};  // shorter than a cycle takes: each begins as soon as one ends

// A polling thread and the controllers that it reads, on one core.
class Core {
 public:
  Core(unsigned number, const ControllerProcess& peer) : number_(number), port_(peer.port()) {
    run_on_core(number);  // threads started now inherit the core
    thread_ = std::make_unique<poller::PollThread>(
        poller::PollThread::Options{
            .policy = {.loopback = true, .special = false}, .descriptors = {}, .index = number, .owner = {}},
        numbering_);
    run_on_core(0);
  }

  void start(const profile::ProfilePtr& profile) {
    for (std::uint32_t device = 0; device < devices_per_thread; ++device) {
      const std::uint32_t address = loopback_address(device);
      poller::PollTarget target{
          .identity = {.device_id = number_ * devices_per_thread + device + 1},
          .address = {.host = fmt::format("{}.{}.{}.{}", address >> 24U, address >> 16U & 255U,
                                          address >> 8U & 255U, address & 255U),
                      .port = port_},
          .profile = profile,
          .settings = {.poll_interval = interval}};
      thread_->start(std::move(target), {});
    }
  }
  void stop() { thread_->remove_all(); }
  poller::ReadingQueue& readings() { return thread_->readings(); }

 private:
  const unsigned number_;
  const std::uint16_t port_;
  reading::Numbering numbering_;
  std::unique_ptr<poller::PollThread> thread_;
};

// Receives the readings of all threads.
class ReadingReceiver {
 public:
  explicit ReadingReceiver(std::vector<std::unique_ptr<Core>>& cores) : cores_(cores), epoll_(make_epoll()) {
    for (std::size_t core = 0; core < cores.size(); ++core)
      watch(epoll_, cores[core]->readings().descriptor(), core);
  }
  void run_for(double seconds) {
    const auto begin = steady_clock::now();
    while (duration<double>(steady_clock::now() - begin).count() < seconds) {
      std::array<epoll_event, threads_max> events;
      const int ready = ::epoll_wait(epoll_.number(), events.data(), static_cast<int>(events.size()), 5);
      for (int index = 0; index < ready; ++index)
        cores_[events[static_cast<std::size_t>(index)].data.u64]->readings().take_all(
            [&](const poller::ReadingQueue::Item& item) {
              readings_ += item.reading->content->online ? 1U : 0U;
            });
    }
  }
  std::uint64_t readings() const { return readings_; }

 private:
  std::vector<std::unique_ptr<Core>>& cores_;
  Descriptor epoll_;
  std::uint64_t readings_ = 0;
};

double readings_per_second(std::vector<std::unique_ptr<Core>>& cores, ReadingReceiver& receiver,
                           std::size_t threads, const profile::ProfilePtr& profile, double seconds) {
  for (std::size_t core = 0; core < threads; ++core) cores[core]->start(profile);
  receiver.run_for(0.1);
  const std::uint64_t before = receiver.readings();
  const auto begin = steady_clock::now();
  receiver.run_for(seconds);
  const double rate = static_cast<double>(receiver.readings() - before) /
                      duration<double>(steady_clock::now() - begin).count();
  for (std::size_t core = 0; core < threads; ++core) cores[core]->stop();
  receiver.run_for(0.05);
  return rate;
}

bool print_table(double seconds) {
  const profile::ProfilePtr profile = profile::Catalog::built_in().find("hgm9520n");
  const unsigned count = std::min(std::thread::hardware_concurrency(), threads_max);
  std::vector<std::unique_ptr<ControllerProcess>> peers;
  for (unsigned core = 0; core < count; ++core) peers.push_back(std::make_unique<ControllerProcess>(core));
  std::vector<std::unique_ptr<Core>> cores;
  for (unsigned core = 0; core < count; ++core) cores.push_back(std::make_unique<Core>(core, *peers[core]));
  ReadingReceiver receiver(cores);
  std::vector<std::vector<double>> rates(count);
  for (int turn = 0; turn < turns; ++turn) {
    for (std::size_t threads = 1; threads <= count; ++threads)
      rates[threads - 1].push_back(readings_per_second(cores, receiver, threads, profile, seconds / turns));
  }
  fmt::print("threads   readings a second   of one thread's\n");
  bool good = true;
  for (std::size_t threads = 1; threads <= count; ++threads) {
    std::vector<double> ratios;
    for (int turn = 0; turn < turns; ++turn)
      ratios.push_back(rates[threads - 1][static_cast<std::size_t>(turn)] /
                       rates[0][static_cast<std::size_t>(turn)]);
    const double ratio = median(std::move(ratios));
    good = good && ratio >= share_min * static_cast<double>(threads);
    fmt::print("{:7} {:19.0f} {:17.2f}\n", threads, median(rates[threads - 1]), ratio);
  }
  fmt::print("required: each thread at least {:.2f} of what one does alone: {}\n", share_min,
             good ? "yes" : "no");
  return good;
}

}  // namespace
}  // namespace gensetd::bench

int main(int argc, char** argv) {
  using namespace gensetd::bench;
  return run_measurement("poll_threads", argc, argv, {6, {}}, [](const Arguments& arguments) {
    spdlog::set_level(spdlog::level::off);
    return print_table(arguments.amount);
  });
}
