#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace gensetd::link {

// Bytes of a serial line that belong to no frame and stand directly before or behind our responses. Missing
// termination and drivers that switch late leave 00 or FF; some converters put a short text before each
// packet. Such bytes say nothing about the response beside them, while other bytes that are no frame may be
// the rest of a damaged response: this tells them apart by what is usual on the line. No clock.
class StrayBytes {
 public:
  enum class Place : std::uint8_t { before, behind };

  // Longer runs are never usual.
  static constexpr std::size_t run_max = 32;

  // A response of ours arrived with this run of bytes at that place; empty: with none.
  void note(Place place, std::span<const std::uint8_t> run);

  // Whether a run is usual at this place: a few bytes 00 and FF; or the same as with three responses before,
  // where half of recent responses have stray bytes; or no longer than the runs that three of four recent
  // responses have there.
  bool is_usual(Place place, std::span<const std::uint8_t> run) const;

  // Whether exactly these bytes are usual, not only so many.
  bool is_known(Place place, std::span<const std::uint8_t> run) const;

  // Whether the run may become a usual one when further bytes arrive.
  bool may_become_usual(Place place, std::span<const std::uint8_t> run) const;

  // Whether at least half of recent responses have stray bytes.
  bool are_frequent() const;

  // What a technician should know, for example "3 stray bytes behind each response: check termination and
  // driver timing". Empty while fewer than three of four recent responses have stray bytes.
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

    bool is_at_least(std::size_t quarters) const;  // of recent responses have stray bytes
    std::size_t usual_length() const;              // 0: stray bytes are not usual
  };

  Side& side(Place place) { return place == Place::before ? before_ : behind_; }
  const Side& side(Place place) const { return place == Place::before ? before_ : behind_; }

  Side before_;
  Side behind_;
};

}  // namespace gensetd::link
