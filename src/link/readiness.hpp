#pragma once

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gensetd::link {

// Tells when sockets have bytes or have ended: an epoll instance of its own for all that are read again and
// again, watched by the io_context as one. Asio's own wait would cost a system call for each answer. A
// service of the io_context: there is one of each. Its thread.
class Readiness final : public boost::asio::execution_context::service {
 public:
  using key_type = Readiness;
  static boost::asio::execution_context::id id;

  // All that have something are served in three passes, so that the processor does much of one kind at a
  // time: what it needs for that is in its caches then. Each may end the watch of any socket.
  class Listener {
   public:
    virtual void hear() = 0;  // takes what there is; as long as there is more it is called again
    virtual void act() = 0;   // on what was heard
    virtual void send() = 0;  // what act() left to be sent

   protected:
    ~Listener() = default;
  };

  // Watches a socket until it dies; to be ended before the socket is closed.
  class Watch {
   public:
    Watch() = default;
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch() { end(); }
    // Throws std::system_error when the kernel has no room for one more.
    void begin(Readiness& readiness, int socket, Listener& listener);
    void end();

   private:
    Readiness* readiness_ = nullptr;
    int socket_ = -1;
    std::size_t place_ = 0;
  };

  explicit Readiness(boost::asio::io_context& context);  // throws std::system_error
  static Readiness& of(boost::asio::io_context& context) {
    return boost::asio::use_service<Readiness>(context);
  }

 private:
  // `times` it was given away: what was told of an earlier socket in the place is not for the next.
  struct Place {
    Listener* listener = nullptr;
    std::uint32_t times = 0;
  };

  void shutdown() override { all_.close(); }
  std::size_t add(int socket, Listener& listener);
  void remove(int socket, std::size_t place);
  bool watches_any() const { return free_.size() < places_.size(); }
  void wait();
  void tell_ready();
  bool tell(int timeout_ms);

  boost::asio::posix::stream_descriptor all_;
  std::vector<Place> places_;
  std::vector<std::size_t> free_;
  std::chrono::steady_clock::time_point told_at_;  // last
  bool waits_ = false;  // only as long as something is watched: it would keep the io_context running
};

}  // namespace gensetd::link
