#pragma once

#include "supervision/exceptions.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace gensetd::supervision {

// Calls a function periodically on the executor's thread. An exception of the function is reported, and the
// calls continue. Use: construct, start(). stop() and the destructor take effect at once.
class Repeater {
 public:
  Repeater(const boost::asio::any_io_executor& executor, Task task);
  ~Repeater();
  Repeater(const Repeater&) = delete;
  Repeater& operator=(const Repeater&) = delete;

  // The first call is made after `every`.
  void start(std::chrono::nanoseconds every, std::function<void()> act);
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace gensetd::supervision
