#pragma once

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gensetd::link {

// Tells when sockets have bytes or have ended: an epoll instance of its own for all that are read again and
// again, watched by the io_context as one. Asio's own wait would cost a system call for each answer. A
// service of the io_context: there is one of each. Its thread.
class Readiness final : public boost::asio::execution_context::service {
 public:
  using key_type = Readiness;
  static boost::asio::execution_context::id id;

  class Listener {
   public:
    // May end the watch of any socket. As long as there is something to read it is called again.
    virtual void readable() = 0;

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
    // `touched`: the memory that readable() works on, which is fetched into the cache ahead; may be empty.
    // Throws std::system_error when the kernel has no room for one more.
    void begin(Readiness& readiness, int socket, Listener& listener, std::span<const std::byte> touched = {});
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
    std::span<const std::byte> touched;
    std::uint32_t times = 0;
  };

  void shutdown() override { all_.close(); }
  std::size_t add(int socket, Listener& listener, std::span<const std::byte> touched);
  void remove(int socket, std::size_t place);
  bool watches_any() const { return free_.size() < places_.size(); }
  void wait();
  void tell_ready();
  bool tell(int timeout_ms);
  void fetch(std::uint64_t event_data) const;

  boost::asio::posix::stream_descriptor all_;
  std::vector<Place> places_;
  std::vector<std::size_t> free_;
  std::chrono::steady_clock::time_point told_at_;  // last
  bool waits_ = false;  // only as long as something is watched: it would keep the io_context running
};

}  // namespace gensetd::link
