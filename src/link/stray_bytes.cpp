#include "link/stray_bytes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gensetd::link {
namespace {

// An idle line and a driver that switches late produce these. The rest of a damaged response ends with its
// CRC, so it does not consist of these bytes alone.
constexpr std::size_t idle_bytes_max = 8;

bool is_idle_line(std::span<const std::uint8_t> run) {
  return run.size() <= idle_bytes_max &&
         std::ranges::all_of(run, [](std::uint8_t byte) { return byte == 0x00 || byte == 0xFF; });
}

// Nothing is usual before so many responses.
constexpr std::size_t recent_least = 8;

}  // namespace

bool StrayBytes::Side::is_at_least(std::size_t quarters) const {
  if (count < recent_least) return false;
  const auto recent = std::span(lengths).first(count);
  const auto with_stray_bytes =
      static_cast<std::size_t>(std::ranges::count_if(recent, [](auto length) { return length > 0; }));
  return 4 * with_stray_bytes >= quarters * count;
}

std::size_t StrayBytes::Side::usual_length() const {
  return is_at_least(3) ? std::size_t{std::ranges::max(std::span(lengths).first(count))} : 0;
}

bool StrayBytes::are_frequent() const { return before_.is_at_least(2) || behind_.is_at_least(2); }

void StrayBytes::record(Position position, std::span<const std::uint8_t> run) {
  Side& here = side(position);
  const std::size_t length = run.size() <= run_max ? run.size() : 0;
  here.lengths.at(here.next) = static_cast<std::uint8_t>(length);
  here.next = (here.next + 1) % recent_max;
  here.count = std::min(here.count + 1, recent_max);
  if (length == 0) return;
  const auto known = std::ranges::find_if(
      here.known, [&](const Known& entry) { return std::ranges::equal(entry.run, run); });
  if (known != here.known.end()) {
    known->hits = std::min(known->hits + 1, hits_usual);
    return;
  }
  if (here.known.size() == known_max)
    here.known.erase(std::ranges::min_element(here.known, {}, &Known::hits));
  here.known.push_back({Run(run.begin(), run.end()), 1});
}

bool StrayBytes::is_usual(Position position, std::span<const std::uint8_t> run) const {
  return is_known(position, run) || run.size() <= side(position).usual_length();
}

bool StrayBytes::is_known(Position position, std::span<const std::uint8_t> run) const {
  if (is_idle_line(run)) return true;
  const Side& here = side(position);
  // The heads of torn responses are equal too, but few responses are torn.
  const bool is_usual_here = here.count < recent_least || here.is_at_least(2);
  return is_usual_here && std::ranges::any_of(here.known, [&](const Known& entry) {
           return entry.hits >= hits_usual && std::ranges::equal(entry.run, run);
         });
}

bool StrayBytes::may_become_usual(Position position, std::span<const std::uint8_t> run) const {
  if (is_usual(position, run)) return true;
  return std::ranges::any_of(side(position).known, [&](const Known& entry) {
    return entry.hits >= hits_usual && run.size() < entry.run.size() &&
           std::equal(run.begin(), run.end(), entry.run.begin());
  });
}

std::string StrayBytes::description() const {
  const std::size_t before = before_.usual_length();
  const std::size_t behind = behind_.usual_length();
  if (before == 0 && behind == 0) return {};
  const auto bytes = [](std::size_t count) {
    return fmt::format("{} stray byte{}", count, count == 1 ? "" : "s");
  };
  std::string text;
  if (before != 0) text = bytes(before) + " before each response";
  if (before != 0 && behind != 0) text += " and ";
  if (behind != 0) text += bytes(behind) + " behind each response";
  return text + ": check termination and driver timing, and whether the converter adds packets of its own";
}

}  // namespace gensetd::link
