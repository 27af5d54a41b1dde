#include "link/error.hpp"
#include "modbus/error.hpp"
#include "poller/cycle.hpp"
#include "profile/catalog.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// Cycles of a controller with blocks that are not read in each cycle: their requests, and what is known of
// the alarm words afterwards.
namespace gensetd::poller {
namespace {

using modbus::Protocol;

class OptionalCycle : public testing::TestWithParam<Protocol> {
 protected:
  // Runs a cycle to its end. The controller has `registers`, refuses ranges that touch `refused`, and does
  // not answer those that touch `silent`. Returns the requests.
  std::string run() {
    std::string requests;
    Step step = cycle.begin(true, ++slot);
    for (int count = 0; count < 100 && !std::holds_alternative<CycleFinished>(step); ++count) {
      if (std::holds_alternative<PauseBeforeRetry>(step)) {
        step = cycle.resume();
        continue;
      }
      const modbus::ReadRequest request = std::get<SendRequest>(step).request;
      requests +=
          (requests.empty() ? "" : " ") + std::to_string(request.first) + "+" + std::to_string(request.count);
      step = cycle.process(answer(request));
      while (suspect && request.first == *suspect) {
        suspect.reset();
        if (refused_later) refused[*refused_later] = 1;
        if (cycle.mark_suspect(request) && std::holds_alternative<CycleFinished>(step)) step = cycle.resume();
      }
    }
    if (!cycle.failure()) cycle.commit(reading::Timestamp{std::chrono::seconds{slot}});
    return requests;
  }

  link::Outcome answer(const modbus::ReadRequest& request) {
    const auto touches = [&](const std::map<std::uint16_t, int>& places) {
      const auto first = places.lower_bound(request.first);
      return first != places.end() && first->first < request.first + request.count;
    };
    if (touches(silent)) return {.request = request, .error = link::Error::no_response};
    if (touches(refused))
      return {.request = request, .error = modbus::ResponseError::exception_response, .exception = 2};
    bytes.clear();
    for (unsigned index = 0; index < request.count; ++index) {
      const auto found = registers.find(static_cast<std::uint16_t>(request.first + index));
      const std::uint16_t value = found == registers.end() ? std::uint16_t{0} : found->second;
      bytes.push_back(static_cast<std::uint8_t>(value >> 8U));
      bytes.push_back(static_cast<std::uint8_t>(value & 0xFFU));
    }
    return {.request = request, .registers = bytes};
  }

  // "2=8192 ?": the words of the range that are not 0, and a mark when one is unknown.
  std::string words(std::uint16_t first, std::uint16_t end) const {
    std::string text;
    for (std::size_t index = 0; index < map->alarm_words.size(); ++index) {
      const std::uint16_t address = map->alarm_words[index].place.address;
      if (address < first || address >= end) continue;
      const auto known = cycle.alarm_words() ? (*cycle.alarm_words())[index] : reading::AlarmWord{};
      if (!known.raw) return "unknown";
      if (*known.raw != 0) text += std::to_string(address) + "=" + std::to_string(*known.raw) + " ";
      if (known.is_failing) text += std::to_string(address) + " fails ";
    }
    return text;
  }

  profile::ProfilePtr map = profile::Catalog::built_in().find("hgm9520n");
  Cycle cycle{map, GetParam()};
  std::map<std::uint16_t, std::uint16_t> registers;
  std::map<std::uint16_t, int> refused;
  std::map<std::uint16_t, int> silent;
  std::optional<std::uint16_t> suspect;
  std::optional<std::uint16_t> refused_later;  // from the suspect response on
  const std::string base = GetParam() == Protocol::tcp ? "0+1 114+88 212+64 511+1"
                                                       : "0+1 114+22 140+34 174+28 212+30 260+16 511+1";
  const std::string details = GetParam() == Protocol::tcp ? " 1+96" : " 1+21 31+6 76+21";

 private:
  std::int64_t slot = 0;
  std::vector<std::uint8_t> bytes;
};

INSTANTIATE_TEST_SUITE_P(Protocols, OptionalCycle, testing::Values(Protocol::tcp, Protocol::rtu_over_tcp));

TEST_P(OptionalCycle, alarm_words_are_read_only_while_an_alarm_bit_is_set_and_once_more) {
  EXPECT_EQ(run(), base);
  EXPECT_EQ(words(1, 7), "unknown");
  registers[0] = 3;  // common alarm and shutdown
  registers[2] = 1U << 13U;
  EXPECT_EQ(run(), base + details);
  EXPECT_EQ(words(0, 200), "2=8192 ");
  registers[0] = 0;
  registers[2] = 0;
  EXPECT_EQ(run(), base + details);
  EXPECT_EQ(words(0, 200), "");
  EXPECT_EQ(run(), base);
}

TEST_P(OptionalCycle, a_class_bit_alone_is_enough) {
  registers[0] = 1U << 2U;  // warning, without the common bit
  EXPECT_EQ(run(), base + details);
}

TEST_P(OptionalCycle, readings_share_the_words_until_they_change) {
  registers[0] = 1;
  run();
  const auto before = cycle.alarm_words();
  registers[0] = 0;
  run();
  const auto after = cycle.alarm_words();
  EXPECT_NE(before, after);  // read again: the time differs
  run();
  EXPECT_EQ(cycle.alarm_words(), after);
}

TEST_P(OptionalCycle, words_that_get_no_answer_stay_as_they_were_and_the_reading_is_good) {
  registers[0] = 1;
  registers[2] = 7;
  run();
  silent[2] = 1;
  registers[2] = 0;
  for (int cycles = 0; cycles < 2; ++cycles) {
    run();
    EXPECT_FALSE(cycle.failure());
    EXPECT_EQ(words(1, 7), "2=7 ");
    EXPECT_TRUE(cycle.unread().empty());
  }
  run();
  EXPECT_NE(words(1, 7).find("2=7 2 fails"), std::string::npos);
  EXPECT_FALSE(cycle.unread().empty());
  EXPECT_FALSE(cycle.failure());
}

TEST_P(OptionalCycle, one_attempt_per_cycle_and_after_three_failures_one_in_thirty_cycles) {
  registers[0] = 1;
  silent[2] = 1;
  int attempts = 0;
  for (int cycles = 0; cycles < 3 + 60; ++cycles) {
    const std::string requests = run();
    for (auto place = requests.find(" 1+"); place != std::string::npos;
         place = requests.find(" 1+", place + 1))
      ++attempts;
  }
  EXPECT_EQ(attempts, 5);
}

TEST_P(OptionalCycle, the_other_blocks_of_a_silent_merged_read_are_read_alone) {
  registers[0] = 1;
  registers[91] = 4;
  silent[2] = 1;
  for (int cycles = 0; cycles < 3 + 30; ++cycles) run();
  EXPECT_EQ(words(91, 97), "91=4 ");
  EXPECT_EQ(words(1, 7), "unknown");
  EXPECT_EQ(cycle.unread().size(), 1U);
}

TEST_P(OptionalCycle, a_refused_block_is_unknown_and_named) {
  registers[0] = 1;
  registers[91] = 4;
  refused[2] = 1;
  run();
  EXPECT_FALSE(cycle.failure());
  EXPECT_EQ(words(1, 7), "unknown");
  EXPECT_EQ(words(91, 97), "91=4 ");
  ASSERT_EQ(cycle.refused().size(), 1U);
  EXPECT_EQ(map->blocks[cycle.refused()[0].block].name, "shutdown_words");
  for (int cycles = 0; cycles < 10; ++cycles) run();  // it rests, and is still named
  EXPECT_EQ(cycle.refused().size(), 1U);
}

TEST_P(OptionalCycle, a_suspect_response_of_alarm_words_is_read_again) {
  registers[0] = 1;
  registers[2] = 7;
  suspect = 1;
  const std::string requests = run();
  EXPECT_NE(requests.find(" 1+", requests.find(" 1+") + 1), std::string::npos) << requests;
  EXPECT_EQ(words(1, 7), "2=7 ");
}

TEST_P(OptionalCycle, words_of_a_suspect_response_that_is_refused_when_it_is_read_again_are_dropped) {
  map = profile::Catalog::built_in().find("hgm9560");
  cycle = Cycle{map, GetParam()};
  registers[1] = 8;
  run();
  EXPECT_EQ(words(1, 3), "1=8 ");  // of a block that each cycle reads
  registers[1] = 9;
  suspect = 0;
  refused_later = 1;
  run();
  EXPECT_FALSE(cycle.failure());
  EXPECT_FALSE(cycle.refused().empty());
  EXPECT_EQ(words(1, 3), "1=8 ");
}

TEST_P(OptionalCycle, words_of_a_block_that_each_cycle_reads_fail_while_the_controller_refuses_it) {
  map = profile::Catalog::built_in().find("hgm9560");
  cycle = Cycle{map, GetParam()};
  const auto word = [&] { return (*cycle.alarm_words())[0]; };
  ASSERT_EQ(map->alarm_words[0].place.address, 1);
  registers[1] = 8;
  run();
  EXPECT_EQ(words(1, 3), "1=8 ");
  EXPECT_FALSE(word().read_at);
  refused[1] = 1;
  for (int times = 1; times <= 3; ++times) {
    run();
    EXPECT_EQ(words(1, 3), times < 3 ? "1=8 " : "1=8 1 fails 2 fails ");
    EXPECT_EQ(word().read_at, reading::Timestamp{std::chrono::seconds{1}});
  }
  refused.clear();
  run();
  EXPECT_EQ(words(1, 3), "1=8 ");
  EXPECT_FALSE(word().read_at);
}

TEST_P(OptionalCycle, a_cycle_that_fails_reads_no_alarm_words) {
  registers[0] = 1;
  silent[511] = 1;
  EXPECT_EQ(run().find(" 1+"), std::string::npos);
  EXPECT_TRUE(cycle.failure());
  EXPECT_EQ(words(1, 7), "unknown");
}

}  // namespace
}  // namespace gensetd::poller
