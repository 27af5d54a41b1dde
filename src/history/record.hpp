#pragma once

#include "history/series.hpp"
#include "profile/profile.hpp"
#include "reading/reading.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace gensetd::history {

using reading::Timestamp;

// The readings of one device, oldest first, in chunks: a chunk goes as a whole. An instant without connection
// is a reading without data, so that nothing before it lasts beyond it.
class Record {
 public:
  static constexpr std::size_t chunk_readings = 128;

  explicit Record(profile::ProfilePtr profile);

  const profile::ProfilePtr& profile() const { return profile_; }

  // Newer than all before it.
  void append(Timestamp when, const std::vector<profile::Value>& values);
  void append_gap(Timestamp when);  // several in a row are one

  // Visits the times and the values of `fields` (indices of the profile) of each chunk that holds readings of
  // from <= time < to, oldest first: visit(times, values), with one vector for each field.
  template <class Visit>
  void read(Timestamp from, Timestamp to, const std::vector<std::size_t>& fields, Visit visit) const {
    std::vector<Timestamp> times;
    std::vector<std::vector<profile::Value>> values(fields.size());
    const auto clear = [&] {
      times.clear();
      for (auto& one : values) one.clear();
    };
    for (const Chunk& chunk : chunks_) {
      if (chunk.last < from || chunk.first >= to) continue;
      clear();
      read_times(chunk.first, chunk.bytes, chunk.readings, times);
      for (std::size_t index = 0; index < fields.size(); ++index)
        read_series(chunk.series(fields[index]), values[index]);
      visit(times, values);
    }
    if (readings_ == 0 || last_ < from || first_ >= to) return;
    clear();
    read_times(first_, times_, readings_, times);
    for (std::size_t index = 0; index < fields.size(); ++index) series_[fields[index]].read(values[index]);
    visit(times, values);
  }

  std::optional<Timestamp> oldest() const;
  void drop_oldest();               // chunk
  void drop_older(Timestamp than);  // chunks that end before it

  std::size_t readings() const;
  std::size_t bytes() const { return chunk_bytes_ + open_bytes_; }

 private:
  struct Chunk {
    Timestamp first, last;
    std::uint32_t readings = 0;
    std::vector<std::uint32_t> ends;  // of each field's bytes; those of the times come first
    std::string bytes;

    std::string_view series(std::size_t field) const {
      return std::string_view{bytes}.substr(ends[field], ends[field + 1] - ends[field]);
    }
    std::size_t size() const;
  };

  static void read_times(Timestamp first, std::string_view bytes, std::size_t count,
                         std::vector<Timestamp>& out);
  void note_time(Timestamp when);
  void note_size();
  void close_chunk();

  profile::ProfilePtr profile_;
  std::deque<Chunk> chunks_;
  std::size_t chunk_bytes_ = 0;

  // The chunk that is being filled.
  Timestamp first_{}, last_{};
  std::uint32_t readings_ = 0;
  std::string times_;  // the distances in milliseconds
  std::vector<Series> series_;
  std::size_t open_bytes_ = 0;
  bool ends_in_gap_ = false;
};

}  // namespace gensetd::history
