#include "link/busy_time.hpp"

#include <algorithm>

namespace gensetd::link {
namespace {

using std::chrono::nanoseconds;

double ratio(nanoseconds part, nanoseconds whole) {
  return whole.count() <= 0 ? 0.0 : static_cast<double>(part.count()) / static_cast<double>(whole.count());
}

}  // namespace

void BusyTime::begin(SteadyTime now) {
  since_ = now;
  first_ = std::min(first_, now);
}

void BusyTime::end(SteadyTime now) {
  if (since_ > now) return;
  add(since_, now);
  since_ = SteadyTime::max();
}

void BusyTime::add(SteadyTime from, SteadyTime to) {
  total_ += to - from;
  from = std::max(from, recent_.begin(to));
  while (from < to) {
    const SteadyTime until = std::min(to, recent_.end_of_slot(from));
    recent_.at(from) += until - from;
    from = until;
  }
}

nanoseconds BusyTime::total(SteadyTime now) const { return since_ > now ? total_ : total_ + (now - since_); }

double BusyTime::share(SteadyTime now) const { return first_ > now ? 0.0 : ratio(total(now), now - first_); }

double BusyTime::recent_share(SteadyTime now) const {
  if (first_ > now) return 0.0;
  BusyTime ended = *this;
  ended.end(now);
  return ratio(ended.recent_.sum(now), now - std::max(first_, recent_.begin(now)));
}

}  // namespace gensetd::link
