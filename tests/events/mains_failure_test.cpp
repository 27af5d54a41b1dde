#include "events/catalogue.hpp"
#include "events/journal.hpp"
#include "profile/decode.hpp"
#include "readings.hpp"
#include "simulator/plant.hpp"
#include "simulator/plant_time.hpp"
#include "simulator/simulator.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

// A simulated site loses its mains: the events of start, synchronising, load, return and stop.
namespace gensetd::events {
namespace {

constexpr std::size_t devices = 3;  // two gensets and the switchboard of the first site
constexpr int minutes = 12;

std::vector<profile::Value> decoded(const profile::Profile& map, const simulator::RegisterBank& bank) {
  std::vector<profile::Value> values(map.fields.size());
  for (std::size_t index = 0; index < map.blocks.size(); ++index) {
    std::vector<std::uint8_t> bytes;
    for (std::uint16_t offset = 0; offset < map.blocks[index].count; ++offset) {
      const std::uint16_t raw =
          bank.at(modbus::holding_register(static_cast<std::uint16_t>(map.blocks[index].address + offset)));
      bytes.push_back(static_cast<std::uint8_t>(raw >> 8U));
      bytes.push_back(static_cast<std::uint8_t>(raw & 0xFFU));
    }
    profile::decode_block(map, index, profile::fields_of_block(map, index),
                          {.first = map.blocks[index].address, .bytes = bytes}, values);
  }
  return values;
}

profile::ProfilePtr built_in(std::string_view name) { return catalog().find(std::string{name}); }

// The same registers and roles under other names.
profile::ProfilePtr renamed(std::string_view name) {
  profile::Profile map = *built_in(name);
  map.name += "_renamed";
  for (std::size_t index = 0; index < map.fields.size(); ++index)
    map.fields[index].name = fmt::format("value_{}", index);
  return std::make_shared<const profile::Profile>(std::move(map));
}

// "  123.4 s  Gen 1  Genset status: Standby → Preheat", times from the loss of the mains.
std::string events_of_mains_failure(const profile::ProfilePtr& genset,
                                    const profile::ProfilePtr& switchboard) {
  constexpr std::uint64_t seed = 6;  // the second genset is stopped when the mains fail, and starts
  simulator::Plant plant(simulator::demo_plant(catalog(), 0, seed).servers, seed);
  Journal journal{std::chrono::seconds{30}};
  journal.begin({{1, {1, "MKZ"}}, {2, {1, "MKZ"}}, {3, {1, "MKZ"}}}, at(0));
  std::string text;
  std::optional<Timestamp> lost;
  constexpr std::int64_t step_ms = 100;
  for (std::int64_t ms = step_ms; ms < minutes * 60'000; ms += step_ms) {
    plant.step();
    if (ms % 1'000 != 0) continue;
    for (std::size_t device = 0; device < devices; ++device) {
      const auto& map = device == 2 ? switchboard : genset;
      journal.process(shared(
          {.identity = {static_cast<std::int64_t>(device + 1), "MKZ", device == 2 ? "ats" : "generator"},
           .profile = map,
           .timestamp = at(ms),
           .at = steady_at(ms),
           .online = true,
           .last_seen = at(ms),
           .last_seen_at = steady_at(ms),
           .values = decoded(*map, plant.registers(device, 0))}));
    }
    for (const Event& event : journal.take_changes()) {
      if (!lost && event.kind == EventKind::mains) lost = event.onset;
      const Timestamp when = event.returned_at.value_or(event.onset);
      if (event.priority && !event.is_open()) continue;  // replaced by another alarm
      if (!lost || when > *lost + std::chrono::minutes{5}) continue;
      text += fmt::format("{:4} s  {}  {:8} {}{}\n", (when - *lost).count() / 1'000,
                          *event.device_id == 3 ? "ATS  " : fmt::format("Gen {}", *event.device_id),
                          to_word(event.kind), text_of(event, Language::english),
                          event.priority ? fmt::format(" ({})", to_word(event.state)) : "");
    }
  }
  return text;
}

// With GENSETD_ACCEPT=1 it writes the file instead.
TEST(MainsFailure, gives_the_events_in_the_file) {
  const std::string file = SOURCE_DIR "/tests/events/mains_failure.txt";
  const std::string text = events_of_mains_failure(built_in("hgm9520n"), built_in("hgm9560"));
  if (std::getenv("GENSETD_ACCEPT") != nullptr) {
    std::ofstream(file, std::ios::binary) << text;
    return;
  }
  std::ifstream stream(file, std::ios::binary);
  const std::string expected{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_EQ(text, expected);
  EXPECT_EQ(events_of_mains_failure(renamed("hgm9520n"), renamed("hgm9560")), expected);
}

}  // namespace
}  // namespace gensetd::events
