#pragma once

namespace gensetd::http {

// One of the few that may be under way at once, counted while it lives.
class CountedPlace {
 public:
  explicit CountedPlace(int& count) : count_(count) { ++count_; }
  ~CountedPlace() { --count_; }
  CountedPlace(const CountedPlace&) = delete;
  CountedPlace& operator=(const CountedPlace&) = delete;

 private:
  int& count_;
};

}  // namespace gensetd::http
