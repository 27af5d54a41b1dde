#pragma once

#include "supervision/exceptions.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace gensetd::supervision {

// Calls a function again and again on the executor's thread. An exception of the function is reported, and
// the next call comes all the same. Use: construct, start(); stop(), or its end, takes effect at once.
class Repeater {
 public:
  Repeater(const boost::asio::any_io_executor& executor, Task task);
  ~Repeater();
  Repeater(const Repeater&) = delete;
  Repeater& operator=(const Repeater&) = delete;

  // The first call comes after `every`.
  void start(std::chrono::nanoseconds every, std::function<void()> act);
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace gensetd::supervision
