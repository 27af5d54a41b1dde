#include "history/buckets.hpp"

#include <algorithm>
#include <limits>

namespace gensetd::history {
namespace {

using std::chrono::milliseconds;

std::int64_t divided_up(std::int64_t dividend, std::int64_t divisor) {
  return dividend / divisor + (dividend % divisor != 0 ? 1 : 0);
}

// Rounded half away from zero.
std::int64_t quotient(profile::Int128 sum, std::int64_t count) {
  const std::int64_t half = sum < 0 ? -count : count;
  return static_cast<std::int64_t>((2 * sum + half) / (2 * count));
}

// Fills the buckets of one field from its readings, in order of time.
class BucketBuilder {
 public:
  BucketBuilder(const Period& period, milliseconds value_lifetime)
      : period_(period), step_(period.step()), value_lifetime_(value_lifetime), buckets_(period.buckets()) {}

  void add(Timestamp when, const profile::Value& value) {
    if (when >= period_.from) {
      const auto index = static_cast<std::size_t>((when - period_.from) / step_);
      hold_until(index);
      if (value) {
        std::optional<Bucket>& bucket = buckets_[index];
        if (!bucket) bucket = Bucket{.min = *value, .max = *value};
        bucket->add(*value);
      }
      next_ = index + 1;
    }
    last_time_ = when;
    last_ = value;
  }

  Buckets finish(Timestamp now) {
    const auto end = std::clamp<std::int64_t>(divided_up((now - period_.from).count(), step_.count()), 0,
                                              static_cast<std::int64_t>(buckets_.size()));
    hold_until(static_cast<std::size_t>(end));
    return std::move(buckets_);
  }

 private:
  // Fills the buckets before `index` that had no reading.
  void hold_until(std::size_t index) {
    for (; next_ < index; ++next_) {
      const Timestamp begin = period_.from + next_ * step_;
      if (!last_ || begin - last_time_ > value_lifetime_) continue;
      buckets_[next_] = Bucket{.min = *last_, .max = *last_};
      buckets_[next_]->add(*last_);
    }
  }

  const Period& period_;
  const milliseconds step_;
  const milliseconds value_lifetime_;
  Buckets buckets_;
  std::size_t next_ = 0;  // the first bucket that is not final
  Timestamp last_time_{};
  profile::Value last_;
};

}  // namespace

milliseconds Period::step() const {
  return milliseconds{
      std::max<std::int64_t>(1, divided_up((to - from).count(), static_cast<std::int64_t>(points)))};
}

std::size_t Period::buckets() const {
  return static_cast<std::size_t>(divided_up((to - from).count(), step().count()));
}

void Bucket::add(std::int64_t value) {
  min = std::min(min, value);
  max = std::max(max, value);
  sum += value;
  ++count;
}

bool Bucket::has_tenths() const {
  constexpr std::int64_t tenth = std::numeric_limits<std::int64_t>::max() / 10;
  return min >= -tenth && max <= tenth;
}

std::int64_t Bucket::mean_tenths() const { return quotient(sum * 10, count); }
std::int64_t Bucket::mean() const { return quotient(sum, count); }

std::vector<Buckets> buckets_of(const Record& record, const std::vector<std::size_t>& fields,
                                const Period& period, milliseconds value_lifetime, Timestamp now) {
  std::vector<BucketBuilder> builders(fields.size(), BucketBuilder{period, value_lifetime});
  const auto take = [&](const std::vector<Timestamp>& times,
                        const std::vector<std::vector<profile::Value>>& values) {
    for (std::size_t field = 0; field < fields.size(); ++field) {
      for (std::size_t index = 0; index < times.size(); ++index) {
        if (times[index] < period.to) builders[field].add(times[index], values[field][index]);
      }
    }
  };
  // Start before the period: a value read then may still be valid in it.
  record.read(period.from - value_lifetime, period.to, fields, take);
  std::vector<Buckets> buckets;
  buckets.reserve(builders.size());
  for (BucketBuilder& builder : builders) buckets.push_back(builder.finish(std::min(now, period.to)));
  return buckets;
}

void append_bucket(std::string& out, const std::optional<Bucket>& bucket, unsigned decimals) {
  if (!bucket) {
    out += "null";
    return;
  }
  out += '[';
  reading::append_decimal(out, bucket->min, decimals);
  out += ',';
  reading::append_decimal(out, bucket->max, decimals);
  out += ',';
  if (bucket->has_tenths()) {
    reading::append_decimal(out, bucket->mean_tenths(), decimals + 1);
  } else {
    reading::append_decimal(out, bucket->mean(), decimals);
  }
  out += ']';
}

}  // namespace gensetd::history
