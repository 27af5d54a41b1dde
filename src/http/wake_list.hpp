#pragma once

#include "http/message_source.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <deque>
#include <memory>

namespace gensetd::http {

// Clients that have something to be told. One reading goes to thousands, and a turn of the event loop for
// each would cost more than the writing: after the work at hand they are told one after the other, a slice of
// them at a time with other work in between. Made by std::make_shared. One thread.
class WakeList : public std::enable_shared_from_this<WakeList> {
 public:
  class Sleeper {
   public:
    // Once for each time it was added; may add it again. Throws nothing: the others wait behind it.
    virtual void wake_up(Moment now) noexcept = 0;

   protected:
    ~Sleeper() = default;

   private:
    friend class WakeList;
    bool is_listed_ = false;
  };

  static constexpr std::size_t slice = 64;  // of some microseconds each

  explicit WakeList(boost::asio::io_context& context) : context_(context) {}

  void add(Sleeper& sleeper);     // nothing happens when it is listed
  void remove(Sleeper& sleeper);  // before it ends

 private:
  void wake_soon();
  void wake_slice();

  boost::asio::io_context& context_;
  std::deque<Sleeper*> listed_;  // null: was removed
};

}  // namespace gensetd::http
