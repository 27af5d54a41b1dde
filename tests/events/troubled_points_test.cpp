#include "events/journal.hpp"
#include "events/point_changes.hpp"
#include "link/error.hpp"
#include "modbus/error.hpp"
#include "poller/cycle.hpp"
#include "readings.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Alarms come and go in a controller whose responses are often missing or refused: what the journal makes of
// the readings.
namespace gensetd::events {
namespace {

using profile::AlarmPoint;

constexpr std::pair<std::string_view, profile::AlarmClass> class_bits[] = {
    {"alarm_shutdown", profile::AlarmClass::shutdown},
    {"alarm_warning", profile::AlarmClass::warning},
    {"alarm_block", profile::AlarmClass::block}};

class TroubledPoints : public testing::TestWithParam<modbus::Protocol> {
 protected:
  void run(const profile::ProfilePtr& its_map, std::uint64_t seed, int cycles) {
    map = its_map;
    random.seed(seed);
    cycle = poller::Cycle{map, GetParam()};
    journal.begin({{1, {.site_id = 1, .site_code = "MKZ"}}}, at(0));
    registers[260] = 9;  // the engine runs
    for (int number = 1; number <= cycles && !HasFailure(); ++number) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", cycle " + std::to_string(number));
      if (below(4) == 0) change_alarms();
      if (below(10) == 0) fault_percent = std::array{0U, 5U, 30U, 100U}[below(4)];
      if (last && below(20) == 0)
        journal.process(shared(failed(number)));
      else
        run_cycle(number);
    }
  }

  std::uint64_t below(std::uint64_t limit) { return random() % limit; }

  // A few bits of the alarm words, and the bits that sum them up.
  void change_alarms() {
    for (std::uint64_t times = 1 + below(3); times > 0; --times) {
      const AlarmPoint& point = map->alarm_points[below(map->alarm_points.size())];
      registers[point.word.address] ^= point.mask;
    }
    if (below(3) == 0) std::erase_if(registers, [](const auto& entry) { return entry.first < 100; });
    std::uint16_t status = 1U << 9U;
    std::uint16_t count = 0;
    for (const AlarmPoint& point : map->alarm_points) {
      const auto word = registers.find(point.word.address);
      if (word == registers.end() || !point.is_on(word->second)) continue;
      ++count;
      status |= 1U;
      if (point.alarm_class == profile::AlarmClass::shutdown) status |= 2U;
      if (point.alarm_class == profile::AlarmClass::warning) status |= 4U;
      if (point.alarm_class == profile::AlarmClass::block) status |= 128U;
    }
    registers[0] = status;
    registers[511] = count;
  }

  link::Outcome answer(const modbus::ReadRequest& request) {
    // The blocks that each cycle reads are answered more often, so that there are readings.
    const bool is_of_words = request.first > 0 && request.first < 114;
    if (below(100) < (is_of_words ? fault_percent : fault_percent / 20)) {
      if (is_of_words) ++failed_reads;
      if (below(2) == 0) return {.request = request, .error = link::Error::no_response};
      return {.request = request, .error = modbus::ResponseError::exception_response, .exception = 2};
    }
    bytes.clear();
    for (unsigned index = 0; index < request.count; ++index) {
      const auto address = static_cast<std::uint16_t>(request.first + index);
      const auto known = registers.find(address);
      const std::uint16_t raw = known == registers.end() ? std::uint16_t{0} : known->second;
      if (is_of_words) received[address] = raw;
      bytes.push_back(static_cast<std::uint8_t>(raw >> 8U));
      bytes.push_back(static_cast<std::uint8_t>(raw & 0xFFU));
    }
    return {.request = request, .registers = bytes};
  }

  void run_cycle(std::int64_t number) {
    received.clear();
    poller::Step step = cycle.begin(true, number);
    while (!std::holds_alternative<poller::CycleFinished>(step)) {
      const auto* send = std::get_if<poller::SendRequest>(&step);
      step = send == nullptr ? cycle.resume() : cycle.process(answer(send->request));
      // An alarm may change between two reads of a cycle.
      if (below(40) == 0) change_alarms();
    }
    if (cycle.failure()) {
      cycle.forget_refusals();
      if (last) journal.process(shared(failed(number)));
      return;
    }
    reading::Content content = good(1, number * 1'000);
    content.profile = map;
    cycle.commit(content.timestamp);
    content.values = cycle.values();
    content.alarm_words = cycle.alarm_words();
    last = content;
    journal.process(shared(content));
    ++readings;
    for (const Event& event : journal.take_changes()) check_change(content, event);
    check_classes(content);
  }

  // A failed cycle: the device is online for some more.
  reading::Content failed(std::int64_t number) const {
    reading::Content content = *last;
    content.timestamp = at(number * 1'000);
    content.at = steady_at(number * 1'000);
    content.error = "no answer";
    return content;
  }

  // A point is raised or cleared by a word that this cycle received, or is cleared by the summary.
  void check_change(const reading::Content& content, const Event& event) {
    if (!is_point_code(event.code)) return;
    // One that returned before is closed when its alarm is raised again.
    if (event.state == EventState::closed && event.returned_at < content.timestamp) return;
    const AlarmPoint* point = find_point(*map, event.code);
    ASSERT_NE(point, nullptr) << event.code;
    const auto word = received.find(point->word.address);
    const bool was_read = word != received.end();
    if (event.state == EventState::active) {
      ++raised;
      EXPECT_TRUE(was_read && point->is_on(word->second)) << event.code << " was raised without its bit";
    } else if (was_read && !point->is_on(word->second)) {
      ++cleared;
    } else {
      ++cleared_by_summary;
      const auto off = [&](std::string_view name) { return value_of(content, name) == profile::Value{0}; };
      EXPECT_TRUE(off("alarm_common") && is_point_unread(content, *point))
          << event.code << " was cleared without a read";
      EXPECT_NE(event.args.find("by_summary"), std::string::npos);
    }
  }

  profile::Value value_of(const reading::Content& content, std::string_view name) const {
    const auto field = std::ranges::find(map->fields, name, &profile::Field::name);
    return content.values.at(static_cast<std::size_t>(field - map->fields.begin()));
  }

  void check_classes(const reading::Content& content) {
    std::set<std::string> active;
    for (const Event* event : journal.alarms()) {
      if (event->state == EventState::active) active.insert(event->code);
    }
    check_points(active);
    for (const auto& [code, of_class] : class_bits) {
      if (value_of(content, code) != profile::Value{1}) continue;
      ++class_alarms;
      if (active.contains(std::string{code})) continue;
      ++covered;
      EXPECT_TRUE(is_named(content, of_class)) << code << " is hidden";
    }
  }

  // Each point that this cycle received as on has an active alarm.
  void check_points(const std::set<std::string>& active) {
    for (const AlarmPoint& point : map->alarm_points) {
      const auto word = received.find(point.word.address);
      if (word == received.end() || !point.is_on(word->second) || !point.priority || point.only_running)
        continue;
      EXPECT_TRUE(active.contains(point.code)) << point.code << " is not reported";
    }
  }

  // The class says nothing more than confirmed points that this cycle read.
  bool is_named(const reading::Content& content, profile::AlarmClass of_class) {
    std::int64_t on = 0;
    bool is_read = false;
    for (std::size_t index = 0; content.alarm_words && index < map->alarm_words.size(); ++index) {
      const profile::AlarmWord& word = map->alarm_words[index];
      const auto& raw = (*content.alarm_words)[index].raw;
      for (std::uint32_t place = word.first_point; raw && place < word.end_point; ++place) {
        const AlarmPoint& point = map->alarm_points[place];
        if (!point.is_on(*raw)) continue;
        ++on;
        is_read = is_read || (point.is_confirmed && point.alarm_class == of_class &&
                              received.contains(point.word.address));
      }
    }
    const auto total = value_of(content, "alarm_count");
    return is_read && total && *total <= on;
  }

  profile::ProfilePtr map = catalog().find("hgm9520n");
  poller::Cycle cycle{map, GetParam()};
  Journal journal{std::chrono::seconds{30}};
  std::mt19937_64 random;
  std::map<std::uint16_t, std::uint16_t> registers;
  std::map<std::uint16_t, std::uint16_t> received;  // alarm words, in this cycle
  std::optional<reading::Content> last;             // the last good one
  std::vector<std::uint8_t> bytes;
  unsigned fault_percent = 0;
  int readings = 0;
  int failed_reads = 0;
  int raised = 0;
  int cleared = 0;
  int cleared_by_summary = 0;
  int class_alarms = 0;
  int covered = 0;
};

INSTANTIATE_TEST_SUITE_P(Protocols, TroubledPoints,
                         testing::Values(modbus::Protocol::tcp, modbus::Protocol::rtu_over_tcp));

TEST_P(TroubledPoints, unconfirmed_points_follow_responses_only_and_hide_no_class) {
  run(map, 1, 6'000);
  EXPECT_GT(readings, 3'000);
  EXPECT_GT(failed_reads, 500);
  EXPECT_GT(raised, 500);
  EXPECT_GT(cleared, 500);
  EXPECT_GT(cleared_by_summary, 10);
  EXPECT_GT(class_alarms, 1'000);
  EXPECT_EQ(covered, 0);
}

TEST_P(TroubledPoints, confirmed_points_hide_a_class_only_when_they_were_read_and_name_all) {
  auto confirmed = std::make_shared<profile::Profile>(*map);
  for (AlarmPoint& point : confirmed->alarm_points) point.is_confirmed = true;
  run(confirmed, 2, 6'000);
  EXPECT_GT(class_alarms, 1'000);
  EXPECT_GT(covered, 500);
  EXPECT_GT(class_alarms - covered, 500);
}

}  // namespace
}  // namespace gensetd::events
