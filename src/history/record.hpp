#pragma once

#include "history/interval_set.hpp"
#include "history/series.hpp"
#include "profile/profile.hpp"
#include "reading/clocks.hpp"
#include "reading/reading.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace gensetd::history {

using reading::SteadyTime;
using reading::Timestamp;

// The readings of one device, oldest first, in chunks; a chunk is dropped as a whole. A loss of the
// connection is a reading without data, so that earlier values do not extend beyond it.
//
// Readings are ordered and dropped by the steady clock, and requested by the wall clock, whose times are
// stored unchanged. When the wall clock is set, a gap ends the earlier readings and a new section begins;
// within a section wall times only increase. Where sections overlap, the newest applies: a section covers the
// time from its first reading until the clock was set again, also where the device did not respond.
class Record {
 public:
  static constexpr std::size_t chunk_readings = 128;

  // A clock that is set back by less begins no section: the reading gets the time of the previous one.
  // Otherwise a clock that is corrected each second would turn each reading into a chunk.
  static constexpr std::chrono::seconds small_step_back{1};

  explicit Record(profile::ProfilePtr profile);

  const profile::ProfilePtr& profile() const { return profile_; }

  // `when` must be later than all earlier readings by the steady clock.
  void append(reading::ClockPair when, const std::vector<profile::Value>& values);
  void append_gap(reading::ClockPair when);  // consecutive gaps are merged

  // Visits the times and the values of `fields` (indices of the profile) of the readings with from <= time <
  // to, and possibly of some adjacent ones, in the order of the wall clock: visit(times, values), with one
  // vector for each field.
  template <class Visit>
  void read(Timestamp from, Timestamp to, const std::vector<std::size_t>& fields, Visit visit) const {
    std::vector<Timestamp> times;
    std::vector<std::vector<profile::Value>> values(fields.size());
    for (const Part& part : parts_between(from, to)) {
      times.clear();
      read_times(part.chunk, times);
      keep_part(times, part);
      for (std::size_t index = 0; index < fields.size(); ++index) {
        values[index].clear();
        read_values(part.chunk, fields[index], values[index]);
        keep_part(values[index], part);
      }
      visit(times, values);
    }
  }

  std::optional<SteadyTime> oldest() const;
  void drop_oldest();                // the oldest chunk
  void drop_older(SteadyTime than);  // chunks that end before it

  std::size_t readings() const;
  std::size_t bytes() const { return chunk_bytes_ + open_bytes_; }

 private:
  struct ChunkInfo {
    reading::ClockPair first{}, last{};
    std::uint32_t readings = 0;
    std::uint32_t section = 0;
  };

  struct Chunk {
    ChunkInfo info;
    std::vector<std::uint32_t> ends;  // end of each field's bytes; the bytes of the times precede them
    std::string bytes;

    std::string_view series(std::size_t field) const {
      return std::string_view{bytes}.substr(ends[field], ends[field + 1] - ends[field]);
    }
    std::size_t size() const;
  };

  // Readings begin <= index < end of a chunk. The index after the closed chunks is the chunk being filled.
  struct Part {
    std::size_t chunk = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
    Timestamp first;
  };

  template <class T>
  static void keep_part(std::vector<T>& all, const Part& part) {
    all.resize(part.end);
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(part.begin));
  }

  // The parts that no newer section covers, in the order of the wall clock.
  std::vector<Part> parts_between(Timestamp from, Timestamp to) const;
  static IntervalSet::Interval covered_by(const ChunkInfo& section, std::optional<SteadyTime> ends);
  void add_uncovered(std::vector<Part>& parts, std::size_t chunk, const IntervalSet& newer) const;
  const ChunkInfo& info_of(std::size_t chunk) const {
    return chunk < chunks_.size() ? chunks_[chunk].info : open_;
  }
  void read_times(std::size_t chunk, std::vector<Timestamp>& out) const;
  void read_values(std::size_t chunk, std::size_t field, std::vector<profile::Value>& out) const;

  bool follow_clock(reading::ClockPair& when);
  void put_gap(reading::ClockPair when);
  void note_time(reading::ClockPair when);
  void note_size();
  void close_chunk();

  profile::ProfilePtr profile_;
  std::deque<Chunk> chunks_;
  std::size_t chunk_bytes_ = 0;

  // The chunk being filled.
  ChunkInfo open_;
  std::string times_;  // differences of the wall clock in milliseconds
  std::vector<Series> series_;
  std::size_t open_bytes_ = 0;
  bool ends_in_gap_ = false;
};

}  // namespace gensetd::history
