#include "history/record.hpp"

#include <utility>

namespace gensetd::history {

Record::Record(profile::ProfilePtr profile) : profile_(std::move(profile)), series_(profile_->fields.size()) {
  note_size();
}

void Record::append(Timestamp when, const std::vector<profile::Value>& values) {
  ends_in_gap_ = false;
  note_time(when);
  for (std::size_t field = 0; field < series_.size(); ++field) series_[field].append(values[field]);
  if (readings_ == chunk_readings) close_chunk();
  note_size();
}

void Record::append_gap(Timestamp when) {
  if (std::exchange(ends_in_gap_, true) || (readings_ == 0 && chunks_.empty())) return;
  note_time(when);
  for (Series& one : series_) one.append(std::nullopt);
  if (readings_ == chunk_readings) close_chunk();
  note_size();
}

void Record::note_time(Timestamp when) {
  if (readings_ == 0) {
    first_ = when;
  } else {
    append_number(times_, static_cast<std::uint64_t>((when - last_).count()));
  }
  last_ = when;
  ++readings_;
}

void Record::close_chunk() {
  Chunk chunk{.first = first_, .last = last_, .readings = readings_, .ends = {}, .bytes = {}};
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
  readings_ = 0;
  times_.clear();
}

std::size_t Record::Chunk::size() const {
  return sizeof(Chunk) + ends.capacity() * sizeof(std::uint32_t) + bytes.capacity() + 1;
}

void Record::note_size() {
  open_bytes_ = sizeof(Record) + times_.capacity() + series_.capacity() * sizeof(Series);
  for (const Series& one : series_) open_bytes_ += one.heap_bytes();
}

void Record::read_times(Timestamp first, std::string_view bytes, std::size_t count,
                        std::vector<Timestamp>& out) {
  Timestamp time = first;
  for (std::size_t index = 0; index < count; ++index) {
    if (index > 0) time += std::chrono::milliseconds{static_cast<std::int64_t>(take_number(bytes))};
    out.push_back(time);
  }
}

std::optional<Timestamp> Record::oldest() const {
  if (!chunks_.empty()) return chunks_.front().first;
  return readings_ > 0 ? std::optional{first_} : std::nullopt;
}

void Record::drop_oldest() {
  if (!chunks_.empty()) {
    chunk_bytes_ -= chunks_.front().size();
    chunks_.pop_front();
    return;
  }
  readings_ = 0;
  times_ = {};
  series_.assign(series_.size(), Series{});
  note_size();
}

void Record::drop_older(Timestamp than) {
  while (!chunks_.empty() && chunks_.front().last < than) drop_oldest();
}

std::size_t Record::readings() const {
  std::size_t count = readings_;
  for (const Chunk& chunk : chunks_) count += chunk.readings;
  return count;
}

}  // namespace gensetd::history
