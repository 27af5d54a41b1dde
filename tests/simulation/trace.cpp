#include "trace.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace gensetd::simulation {
namespace {

constexpr std::size_t broken_kept_max = 5;
constexpr std::uint64_t fnv_prime = 0x0000'0100'0000'01b3;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

std::string print_time(Time time) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  const auto seconds = microseconds / 1'000'000;
  return fmt::format("{}:{:02}:{:02}.{:06}", seconds / 3600, seconds / 60 % 60, seconds % 60,
                     microseconds % 1'000'000);
}

void Trace::note(Time time, std::string_view what, std::string_view subject,
                 std::span<const std::uint8_t> bytes) {
  const std::int64_t count = time.count();
  mix({reinterpret_cast<const std::uint8_t*>(&count), sizeof count});
  mix(what);
  mix(subject);
  mix(bytes);
  ++lines_;
  if (!printed_) return;
  std::string line = fmt::format("{} {} {}", print_time(time), what, subject);
  for (const std::uint8_t byte : bytes) line += fmt::format(" {:02x}", byte);
  std::fprintf(stderr, "%s\n", line.c_str());
}

void Trace::note(Time time, std::string_view what, std::string_view subject) {
  note(time, what, subject, {});
}

void Trace::act(Time time, std::string_view what, std::string_view subject) {
  note(time, what, subject);
  ++acts_[std::string(what)];
}

void Trace::broken(Time time, std::string promise) {
  note(time, "BROKEN", promise);
  if (broken_.size() < broken_kept_max)
    broken_.push_back(fmt::format("{} {}", print_time(time), std::move(promise)));
}

void Trace::mix(std::span<const std::uint8_t> bytes) {
  for (const std::uint8_t byte : bytes) hash_ = (hash_ ^ byte) * fnv_prime;
}

void Trace::mix(std::string_view text) { mix(bytes_of(text)); }

}  // namespace gensetd::simulation
