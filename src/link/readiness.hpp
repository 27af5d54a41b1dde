#pragma once

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gensetd::link {

// Notifies listeners when their sockets have bytes or have ended: one epoll instance for all sockets, which
// the io_context watches as one descriptor. Asio's own wait would cost a system call for each response:
// bench/README.md compares. A service of the io_context: there is one for each. Runs on its thread.
class Readiness final : public boost::asio::execution_context::service {
 public:
  using key_type = Readiness;
  static boost::asio::execution_context::id id;

  // Ready sockets are processed in three passes (receive, process, send), so that each pass finds its code
  // and data in the processor's caches. Each function may end any registration.
  class Listener {
   public:
    virtual void receive() = 0;  // reads from the socket; is called again while more is available
    virtual void process() = 0;  // decides about the received bytes
    virtual void send() = 0;     // what act() left to be sent

   protected:
    ~Listener() = default;
  };

  // Watches a socket until it is destroyed. End it before the socket is closed.
  class Registration {
   public:
    Registration() = default;
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    ~Registration() { end(); }
    // Throws std::system_error if the kernel accepts no more sockets.
    void begin(Readiness& readiness, int socket, Listener& listener);
    void end();

   private:
    Readiness* readiness_ = nullptr;
    int socket_ = -1;
    std::size_t slot_ = 0;
  };

  explicit Readiness(boost::asio::io_context& context);  // throws std::system_error
  static Readiness& of(boost::asio::io_context& context) {
    return boost::asio::use_service<Readiness>(context);
  }

 private:
  // `generation` counts the uses of a slot: an event of an earlier socket is not dispatched to the next one.
  struct Slot {
    Listener* listener = nullptr;
    std::uint32_t generation = 0;
  };

  void shutdown() override { epoll_.close(); }
  std::size_t add(int socket, Listener& listener);
  void remove(int socket, std::size_t slot);
  bool watches_any() const { return free_.size() < slots_.size(); }
  void wait();
  void dispatch_ready();
  bool dispatch(int timeout_ms);

  boost::asio::posix::stream_descriptor epoll_;
  std::vector<Slot> slots_;
  std::vector<std::size_t> free_;
  std::chrono::steady_clock::time_point dispatched_at_;
  bool is_waiting_ = false;  // only while a socket is registered: it would keep the io_context running
};

}  // namespace gensetd::link
