#include "events/catalogue.hpp"
#include "events/journal.hpp"
#include "profile/decode.hpp"
#include "readings.hpp"
#include "simulator/plant.hpp"
#include "simulator/plant_time.hpp"
#include "simulator/simulator.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A simulated site loses its mains, or a genset its oil pressure: the events that follow.
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

// The alarm words after a cycle: those of blocks that are due are read, the others stay.
reading::AlarmWordsPtr alarm_words_after(const profile::Profile& map, const simulator::RegisterBank& bank,
                                         const std::vector<profile::Value>& values,
                                         const reading::AlarmWordsPtr& before, Timestamp now) {
  unsigned met = 0;
  for (std::size_t index = 0; index < map.conditions.size(); ++index) {
    if (values[map.conditions[index].field] == map.conditions[index].value) met |= 1U << index;
  }
  reading::AlarmWords words = before ? *before : reading::AlarmWords(map.alarm_words.size());
  for (std::size_t index = 0; index < words.size(); ++index) {
    const profile::Block& block = map.blocks[map.alarm_words[index].block];
    const bool was_on = words[index].raw.value_or(0) != 0;
    if (!block.is_always_read() && (block.conditions & met) == 0 && !was_on) continue;
    words[index] = {.raw = bank.at(map.alarm_words[index].place), .read_at = now};
  }
  return std::make_shared<const reading::AlarmWords>(std::move(words));
}

// What happens at a simulated site, told from the first event of `kind` that is no indication.
struct Scenario {
  const char* file;
  EventKind kind;
  std::optional<std::uint64_t> oil_failure_at;  // step of the plant
};

const Scenario mains_failure{"mains_failure.txt", EventKind::mains, std::nullopt};
const Scenario low_oil_pressure{"low_oil_pressure.txt", EventKind::alarm, 100};

// "  123.4 s  Gen 1  Genset status: Standby → Preheat".
std::string events_of(const Scenario& scenario, const profile::ProfilePtr& genset,
                      const profile::ProfilePtr& switchboard) {
  constexpr std::uint64_t seed = 6;  // the second genset is stopped when the mains fail, and starts
  simulator::Plant plant(simulator::demo_plant(catalog(), 0, seed).servers, seed);
  if (scenario.oil_failure_at) plant.fail_oil_pump_at(*scenario.oil_failure_at);
  Journal journal{std::chrono::seconds{30}};
  journal.begin({{1, {1, "MKZ"}}, {2, {1, "MKZ"}}, {3, {1, "MKZ"}}}, at(0));
  std::string text;
  std::optional<Timestamp> first;
  std::array<reading::AlarmWordsPtr, devices> words;
  constexpr std::int64_t step_ms = 100;
  for (std::int64_t ms = step_ms; ms < minutes * 60'000; ms += step_ms) {
    plant.step();
    if (ms % 1'000 != 0) continue;
    for (std::size_t device = 0; device < devices; ++device) {
      const auto& map = device == 2 ? switchboard : genset;
      const simulator::RegisterBank& bank = plant.registers(device, 0);
      std::vector<profile::Value> values = decoded(*map, bank);
      words[device] = alarm_words_after(*map, bank, values, words[device], at(ms));
      journal.process(shared(
          {.identity = {static_cast<std::int64_t>(device + 1), "MKZ", device == 2 ? "ats" : "generator"},
           .profile = map,
           .timestamp = at(ms),
           .at = steady_at(ms),
           .online = true,
           .last_seen = at(ms),
           .last_seen_at = steady_at(ms),
           .values = std::move(values),
           .alarm_words = words[device]}));
    }
    for (const Event& event : journal.take_changes()) {
      if (!first && event.kind == scenario.kind && !event.onset_at_latest) first = event.onset;
      const Timestamp when = event.returned_at.value_or(event.onset);
      if (event.priority && !event.is_open()) continue;  // replaced by another alarm
      if (!first || when > *first + std::chrono::minutes{5}) continue;
      text += fmt::format("{:4} s  {}  {:8} {}{}\n", (when - *first).count() / 1'000,
                          *event.device_id == 3 ? "ATS  " : fmt::format("Gen {}", *event.device_id),
                          to_word(event.kind), text_of(event, Language::english),
                          event.priority ? fmt::format(" ({})", to_word(event.state)) : "");
    }
  }
  return text;
}

class SimulatedSite : public testing::TestWithParam<Scenario> {};

// With GENSETD_ACCEPT=1 it writes the file instead.
TEST_P(SimulatedSite, gives_the_events_in_the_file) {
  const std::string file = std::string{SOURCE_DIR "/tests/events/"} + GetParam().file;
  const std::string text = events_of(GetParam(), built_in("hgm9520n"), built_in("hgm9560"));
  if (std::getenv("GENSETD_ACCEPT") != nullptr) {
    std::ofstream(file, std::ios::binary) << text;
    return;
  }
  std::ifstream stream(file, std::ios::binary);
  const std::string expected{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_EQ(text, expected);
  EXPECT_EQ(events_of(GetParam(), renamed("hgm9520n"), renamed("hgm9560")), expected);
}

INSTANTIATE_TEST_SUITE_P(Scenarios, SimulatedSite, testing::Values(mains_failure, low_oil_pressure),
                         [](const auto& scenario) {
                           const std::string_view file = scenario.param.file;
                           return std::string{file.substr(0, file.find('.'))};
                         });

}  // namespace
}  // namespace gensetd::events
