#pragma once

#include "stream/message_source.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <deque>
#include <memory>

namespace gensetd::stream {

// Clients with messages to send. One reading goes to thousands of clients, and a handler of the event loop
// for each would cost more than writing. Therefore one handler wakes a slice of the clients, one after the
// other; other handlers run between two slices. Create it with std::make_shared. One thread.
class WakeList : public std::enable_shared_from_this<WakeList> {
 public:
  class Waiter {
   public:
    // Called once after each add(); may add the waiter again. Must not throw, because others wait behind it.
    virtual void wake_up(ClockPair now) noexcept = 0;

   protected:
    ~Waiter() = default;

   private:
    friend class WakeList;
    bool is_listed_ = false;
  };

  static constexpr std::size_t slice = 64;  // of some microseconds each

  explicit WakeList(boost::asio::io_context& context) : context_(context) {}

  void add(Waiter& waiter);     // no effect when it is already listed
  void remove(Waiter& waiter);  // before it is destroyed

 private:
  void wake_soon();
  void wake_slice();

  boost::asio::io_context& context_;
  std::deque<Waiter*> listed_;  // null: was removed
};

}  // namespace gensetd::stream
