#pragma once

#include "trace.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <sys/epoll.h>

namespace gensetd::simulation {

// The sockets behind the descriptors; implemented by the network.
class Sockets {
 public:
  virtual ~Sockets() = default;
  virtual std::uint32_t readiness(int descriptor) const = 0;  // EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP
  virtual void closed(int descriptor) = 0;
};

// The simulated operating system of the program under test: clocks, edge-triggered epoll, timers, events, and
// name lookups. system_calls.cpp forwards the system calls here while `running` is set. Simulated time stands
// still while the program works and advances to the next event when it waits. Use: construct, schedule events
// with at(), and run the program on this thread.
class Kernel {
 public:
  static constexpr int first_descriptor = 1 << 20;
  static Kernel* running;

  Kernel();
  ~Kernel();
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  Time now() const { return now_; }
  Time wall() const { return now_ + wall_offset_; }  // since 1970
  void set_wall_clock_by(Time change) { wall_offset_ += change; }
  void at(Time time, std::function<void()> what) { events_.emplace(time, std::move(what)); }
  // The program's thread does not run for this time; then it finds all events of that time at once.
  void stall(Time length) { stalled_until_ = now_ + length; }
  bool is_stalled() const { return now_ < stalled_until_; }

  std::function<void()> on_step;                      // whenever the program has nothing left to do
  std::function<void(const std::string&)> on_broken;  // the program waits without a deadline
  std::function<void(const std::string&)> on_lookup;  // a host name is resolved; found() supplies the result

  // `address`: an IPv4 address; empty: there is no such name. Goes on when the program knows it, which is
  // when it waits for all that it waits for.
  void found(const std::string& address);
  // One name at a time, and to its end: Asio's thread does not begin another before, nor one that was
  // cancelled meanwhile.
  bool is_looking_up() const { return looking_up_; }
  void abandon_lookups();  // ends those under way, and all to come

  // The calls.
  int make_socket(Sockets& sockets);
  int make_event();
  int make_timer();
  void set_timer(int descriptor, Time expiry) { descriptors_[descriptor].expiry = expiry; }
  int make_epoll();
  int control(int epoll, int operation, int descriptor, const epoll_event* event);
  int wait(int epoll, epoll_event* events, int events_max, int timeout_ms);
  bool add_to_event(int descriptor, std::uint64_t count);
  std::uint64_t take_event(int descriptor);
  int close(int descriptor);
  void changed(int descriptor);  // a socket may be ready now: an edge
  bool expects_lookup(const std::string& host);
  std::string look_up(const std::string& host);  // on the resolver's thread; waits

 private:
  enum class Kind : std::uint8_t { event, timer, socket, epoll };
  struct Descriptor {
    Kind kind = Kind::event;
    Sockets* sockets = nullptr;
    std::uint64_t count = 0;
    Time expiry = Time::max();
    int epoll = 0;  // that watches it; 0: none does
    bool edge = false;
    std::uint32_t interest = 0;
    epoll_data_t data{};
  };

  int add(Descriptor descriptor);
  std::uint32_t readiness(int number, const Descriptor& descriptor) const;
  int collect(int epoll, epoll_event* events, int events_max);
  void mark(Descriptor& descriptor);
  void go_to(Time time);
  Time next_timer() const;
  void await_lookup();

  Time now_{std::chrono::hours{1}};
  Time wall_offset_{std::chrono::hours{500'000}};
  Time stalled_until_{0};
  int waited_for_ = 0;  // the epoll instance
  std::multimap<Time, std::function<void()>> events_;
  std::map<int, Descriptor> descriptors_;
  int next_ = first_descriptor;

  // Names are looked up on a thread of Asio's: the simulated time stands still until it has begun, and again
  // until its result is available.
  std::mutex lookup_mutex_;
  std::condition_variable lookup_changed_;
  bool looking_up_ = false;
  bool lookup_expected_ = false;
  bool lookup_begun_ = false;
  bool lookup_over_ = false;
  bool lookups_abandoned_ = false;
  bool interrupted_ = false;
  std::string lookup_host_;
  std::string lookup_result_;
};

}  // namespace gensetd::simulation
