#pragma once

#include "history/covered.hpp"
#include "history/series.hpp"
#include "profile/profile.hpp"
#include "reading/moment.hpp"
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

// The readings of one device, oldest first, in chunks: a chunk goes as a whole. An instant without connection
// is a reading without data, so that nothing before it lasts beyond it.
//
// Readings have the order and the age of the steady clock, and are asked for by the wall clock, whose times
// are kept as they were. When the wall clock is set, the readings before end in a gap and a new piece begins;
// within a piece wall times only grow. Where pieces cover one instant, the newest counts: a piece covers the
// time from its first reading until the clock was set again, also where the device did not respond.
class Record {
 public:
  static constexpr std::size_t chunk_readings = 128;

  // A clock that goes back by less begins no piece: the reading is kept at the time of the one before it.
  // Else a clock that is corrected each second would make a chunk of each reading.
  static constexpr std::chrono::seconds small_step_back{1};

  explicit Record(profile::ProfilePtr profile);

  const profile::ProfilePtr& profile() const { return profile_; }

  // Newer than all before it by the steady clock.
  void append(reading::Moment when, const std::vector<profile::Value>& values);
  void append_gap(reading::Moment when);  // several in a row are one

  // Visits the times and the values of `fields` (indices of the profile) of the readings of from <= time <
  // to, and maybe of some around them, in the order of the wall clock: visit(times, values), with one vector
  // for each field.
  template <class Visit>
  void read(Timestamp from, Timestamp to, const std::vector<std::size_t>& fields, Visit visit) const {
    std::vector<Timestamp> times;
    std::vector<std::vector<profile::Value>> values(fields.size());
    for (const Part& part : parts_between(from, to)) {
      times.clear();
      read_times(part.chunk, times);
      cut(times, part);
      for (std::size_t index = 0; index < fields.size(); ++index) {
        values[index].clear();
        read_values(part.chunk, fields[index], values[index]);
        cut(values[index], part);
      }
      visit(times, values);
    }
  }

  std::optional<SteadyTime> oldest() const;
  void drop_oldest();                // chunk
  void drop_older(SteadyTime than);  // chunks that end before it

  std::size_t readings() const;
  std::size_t bytes() const { return chunk_bytes_ + open_bytes_; }

 private:
  struct Span {
    reading::Moment first{}, last{};
    std::uint32_t readings = 0;
    std::uint32_t piece = 0;
  };

  struct Chunk {
    Span span;
    std::vector<std::uint32_t> ends;  // of each field's bytes; those of the times come first
    std::string bytes;

    std::string_view series(std::size_t field) const {
      return std::string_view{bytes}.substr(ends[field], ends[field + 1] - ends[field]);
    }
    std::size_t size() const;
  };

  // Readings begin <= index < end of a chunk; the one after all closed ones is the chunk that is being
  // filled.
  struct Part {
    std::size_t chunk = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
    Timestamp first;
  };

  template <class T>
  static void cut(std::vector<T>& all, const Part& part) {
    all.resize(part.end);
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(part.begin));
  }

  // What no newer piece covers, in the order of the wall clock.
  std::vector<Part> parts_between(Timestamp from, Timestamp to) const;
  static Covered::Interval covered_by(const Span& piece, std::optional<SteadyTime> ends);
  void add_uncovered(std::vector<Part>& parts, std::size_t chunk, const Covered& newer) const;
  const Span& span_of(std::size_t chunk) const {
    return chunk < chunks_.size() ? chunks_[chunk].span : open_;
  }
  void read_times(std::size_t chunk, std::vector<Timestamp>& out) const;
  void read_values(std::size_t chunk, std::size_t field, std::vector<profile::Value>& out) const;

  bool follow_clock(reading::Moment& when);
  void put_gap(reading::Moment when);
  void note_time(reading::Moment when);
  void note_size();
  void close_chunk();

  profile::ProfilePtr profile_;
  std::deque<Chunk> chunks_;
  std::size_t chunk_bytes_ = 0;

  // The chunk that is being filled.
  Span open_;
  std::string times_;  // the distances in milliseconds of the wall clock
  std::vector<Series> series_;
  std::size_t open_bytes_ = 0;
  bool ends_in_gap_ = false;
};

}  // namespace gensetd::history
