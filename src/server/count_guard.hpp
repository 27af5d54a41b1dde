#pragma once

namespace gensetd::server {

// Counts one running operation for as long as the guard exists.
class CountGuard {
 public:
  explicit CountGuard(int& count) : count_(count) { ++count_; }
  ~CountGuard() { --count_; }
  CountGuard(const CountGuard&) = delete;
  CountGuard& operator=(const CountGuard&) = delete;

 private:
  int& count_;
};

}  // namespace gensetd::server
