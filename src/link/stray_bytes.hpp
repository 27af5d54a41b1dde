#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace gensetd::link {

// Learns which stray bytes are usual directly before or behind our responses on a serial line. Missing
// termination and drivers that switch late leave 00 or FF; some converters send a short text before each
// packet. Such bytes are no evidence against the response next to them, while other stray bytes may be the
// rest of a damaged response. No clock.
class StrayBytes {
 public:
  enum class Position : std::uint8_t { before, behind };

  // Longer runs are never usual.
  static constexpr std::size_t run_max = 32;

  // Our response arrived with this run of bytes at that position; empty: without stray bytes.
  void record(Position position, std::span<const std::uint8_t> run);

  // Whether a run is usual at this position: a few bytes 00 and FF; or equal to the runs of three earlier
  // responses, while half of the recent responses have stray bytes there; or no longer than the runs that
  // three of four recent responses have there.
  bool is_usual(Position position, std::span<const std::uint8_t> run) const;

  // Whether exactly these bytes are usual, not only their number.
  bool is_known(Position position, std::span<const std::uint8_t> run) const;

  // Whether the run may become a usual one if more bytes arrive.
  bool may_become_usual(Position position, std::span<const std::uint8_t> run) const;

  // Whether at least half of recent responses have stray bytes.
  bool are_frequent() const;

  // A text for technicians, for example "3 stray bytes behind each response: check termination and driver
  // timing". Empty while fewer than three of four recent responses have stray bytes.
  std::string description() const;

 private:
  using Run = std::vector<std::uint8_t>;
  static constexpr std::size_t recent_max = 16;
  static constexpr std::size_t known_max = 4;
  static constexpr int hits_usual = 3;

  struct Known {
    Run run;
    int hits = 0;
  };
  struct Side {
    std::array<std::uint8_t, recent_max> lengths{};  // of the runs of recent responses
    std::size_t count = 0;
    std::size_t next = 0;
    std::vector<Known> known;

    bool is_at_least(std::size_t quarters) const;  // quarters of the recent responses have stray bytes
    std::size_t usual_length() const;              // 0: stray bytes are not usual
  };

  Side& side(Position position) { return position == Position::before ? before_ : behind_; }
  const Side& side(Position position) const { return position == Position::before ? before_ : behind_; }

  Side before_;
  Side behind_;
};

}  // namespace gensetd::link
