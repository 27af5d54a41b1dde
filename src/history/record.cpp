#include "history/record.hpp"

#include <algorithm>
#include <utility>

namespace gensetd::history {

using reading::ClockPair;
using std::chrono::milliseconds;

Record::Record(profile::ProfilePtr profile) : profile_(std::move(profile)), series_(profile_->fields.size()) {
  note_size();
}

void Record::append(ClockPair when, const std::vector<profile::Value>& values) {
  follow_clock(when);
  ends_in_gap_ = false;
  note_time(when);
  for (std::size_t field = 0; field < series_.size(); ++field) series_[field].append(values[field]);
  if (open_.readings == chunk_readings) close_chunk();
  note_size();
}

void Record::append_gap(ClockPair when) {
  if (!oldest()) return;
  const bool is_new_section = follow_clock(when);
  if (is_new_section || !ends_in_gap_) put_gap(when);
  note_size();
}

void Record::put_gap(ClockPair when) {
  ends_in_gap_ = true;
  note_time(when);
  for (Series& one : series_) one.append(std::nullopt);
  if (open_.readings == chunk_readings) close_chunk();
}

// Returns whether the wall clock was set since the last reading, so that `when` begins a new section.
bool Record::follow_clock(ClockPair& when) {
  if (!oldest()) return false;
  const ClockPair last = info_of(open_.readings > 0 ? chunks_.size() : chunks_.size() - 1).last;
  const bool goes_back = when.wall + small_step_back < last.wall;
  if (!goes_back && std::chrono::abs(clock_step(last, when)) < reading::clock_step_min) {
    when.wall = std::max(when.wall, last.wall);
    return false;
  }
  if (!ends_in_gap_) put_gap({last.steady, last.wall + milliseconds{1}});
  if (open_.readings > 0) close_chunk();
  ++open_.section;
  return true;
}

void Record::note_time(ClockPair when) {
  if (open_.readings == 0) {
    open_.first = when;
  } else {
    append_number(times_, static_cast<std::uint64_t>((when.wall - open_.last.wall).count()));
  }
  open_.last = when;
  ++open_.readings;
}

void Record::close_chunk() {
  Chunk chunk{.info = open_, .ends = {}, .bytes = {}};
  chunk.ends.reserve(series_.size() + 1);
  std::size_t size = times_.size();
  for (Series& one : series_) size += one.finish().size();
  chunk.bytes.reserve(size);
  chunk.bytes = times_;
  chunk.ends.push_back(static_cast<std::uint32_t>(chunk.bytes.size()));
  for (Series& one : series_) {
    chunk.bytes += one.finish();
    chunk.ends.push_back(static_cast<std::uint32_t>(chunk.bytes.size()));
    one.clear();
  }
  chunk_bytes_ += chunk.size();
  chunks_.push_back(std::move(chunk));
  open_.readings = 0;
  times_.clear();
}

std::size_t Record::Chunk::size() const {
  return sizeof(Chunk) + ends.capacity() * sizeof(std::uint32_t) + bytes.capacity() + 1;
}

void Record::note_size() {
  open_bytes_ = sizeof(Record) + times_.capacity() + series_.capacity() * sizeof(Series);
  for (const Series& one : series_) open_bytes_ += one.heap_bytes();
}

void Record::read_times(std::size_t chunk, std::vector<Timestamp>& out) const {
  const ChunkInfo& info = info_of(chunk);
  std::string_view bytes = chunk < chunks_.size() ? chunks_[chunk].bytes : times_;
  Timestamp time = info.first.wall;
  for (std::size_t index = 0; index < info.readings; ++index) {
    if (index > 0) time += milliseconds{static_cast<std::int64_t>(take_number(bytes))};
    out.push_back(time);
  }
}

void Record::read_values(std::size_t chunk, std::size_t field, std::vector<profile::Value>& out) const {
  if (chunk < chunks_.size()) {
    read_series(chunks_[chunk].series(field), out);
  } else {
    series_[field].read(out);
  }
}

// From the newest to the oldest, so that the newer sections are known when a section is evaluated.
std::vector<Record::Part> Record::parts_between(Timestamp from, Timestamp to) const {
  std::vector<Part> parts;
  IntervalSet newer;
  ChunkInfo section;  // its chunks so far
  std::optional<SteadyTime> section_ends;
  for (std::size_t chunk = chunks_.size() + 1; chunk-- > 0;) {
    const ChunkInfo& info = info_of(chunk);
    if (info.readings == 0) continue;
    if (section.readings > 0 && section.section != info.section) {
      newer.add(covered_by(section, section_ends));
      section_ends = section.first.steady;
      section.readings = 0;
    }
    if (section.readings == 0) section = info;
    section.first = info.first;
    if (info.last.wall < from || info.first.wall >= to) continue;
    if (newer.overlaps({info.first.wall, info.last.wall})) {
      add_uncovered(parts, chunk, newer);
    } else {
      parts.push_back({.chunk = chunk, .begin = 0, .end = info.readings, .first = info.first.wall});
    }
  }
  // Parts do not overlap. Those of one section that begin at the same time have the order of their chunks.
  std::ranges::sort(parts, [](const Part& a, const Part& b) {
    return a.first != b.first ? a.first < b.first : a.chunk < b.chunk;
  });
  return parts;
}

IntervalSet::Interval Record::covered_by(const ChunkInfo& section, std::optional<SteadyTime> ends) {
  if (!ends) return {section.first.wall, Timestamp::max()};
  const auto lasted = std::chrono::floor<milliseconds>(*ends - section.first.steady);
  return {section.first.wall, std::max(section.last.wall, section.first.wall + lasted)};
}

void Record::add_uncovered(std::vector<Part>& parts, std::size_t chunk, const IntervalSet& newer) const {
  const std::size_t first_part = parts.size();
  std::vector<Timestamp> times;
  read_times(chunk, times);
  for (std::size_t index = 0; index < times.size(); ++index) {
    if (newer.overlaps({times[index], times[index]})) continue;
    const bool goes_on = parts.size() > first_part && parts.back().end == index;
    if (!goes_on) parts.push_back({.chunk = chunk, .begin = index, .end = index, .first = times[index]});
    parts.back().end = index + 1;
  }
}

std::optional<SteadyTime> Record::oldest() const {
  if (!chunks_.empty()) return chunks_.front().info.first.steady;
  return open_.readings > 0 ? std::optional{open_.first.steady} : std::nullopt;
}

void Record::drop_oldest() {
  if (!chunks_.empty()) {
    chunk_bytes_ -= chunks_.front().size();
    chunks_.pop_front();
    return;
  }
  open_.readings = 0;
  times_ = {};
  series_.assign(series_.size(), Series{});
  note_size();
}

void Record::drop_older(SteadyTime than) {
  while (!chunks_.empty() && chunks_.front().info.last.steady < than) drop_oldest();
}

std::size_t Record::readings() const {
  std::size_t count = open_.readings;
  for (const Chunk& chunk : chunks_) count += chunk.info.readings;
  return count;
}

}  // namespace gensetd::history
