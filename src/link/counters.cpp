#include "link/counters.hpp"

namespace gensetd::link {

Counters& Counters::operator+=(const Counters& other) {
  requests += other.requests;
  answers += other.answers;
  exceptions += other.exceptions;
  timeouts += other.timeouts;
  broken_frames += other.broken_frames;
  foreign_frames += other.foreign_frames;
  late_answers += other.late_answers;
  doubled_answers += other.doubled_answers;
  confirmations += other.confirmations;
  doubts += other.doubts;
  return *this;
}

LineCounters& LineCounters::operator+=(const LineCounters& other) {
  connects += other.connects;
  connections_lost += other.connections_lost;
  garbage_bytes += other.garbage_bytes;
  return *this;
}

}  // namespace gensetd::link
