#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::simulation {

using Time = std::chrono::nanoseconds;  // since the simulated machine was switched on

// Records the events of a run: a hash for comparing runs, and the violated requirements. With `printed` each
// line is also written to the standard error output.
class Trace {
 public:
  explicit Trace(bool printed) : printed_(printed) {}

  void note(Time time, std::string_view what, std::string_view subject, std::span<const std::uint8_t> bytes);
  void note(Time time, std::string_view what, std::string_view subject);
  // Records and counts one kind of misbehaviour of a peer.
  void act(Time time, std::string_view what, std::string_view subject);
  // A violated requirement. Only the first ones are stored; later ones usually follow from them.
  void broken(Time time, std::string promise);

  std::uint64_t hash() const { return hash_; }
  std::uint64_t lines() const { return lines_; }
  const std::vector<std::string>& broken() const { return broken_; }
  const std::map<std::string, std::uint64_t, std::less<>>& acts() const { return acts_; }

 private:
  void mix(std::span<const std::uint8_t> bytes);
  void mix(std::string_view text);

  bool printed_;
  std::uint64_t hash_ = 0xcbf2'9ce4'8422'2325;  // FNV-1a's offset basis
  std::uint64_t lines_ = 0;
  std::vector<std::string> broken_;
  std::map<std::string, std::uint64_t, std::less<>> acts_;
};

std::string print_time(Time time);  // "1:02:03.456789"

}  // namespace gensetd::simulation
