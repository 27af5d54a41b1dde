#pragma once

#include "check.hpp"
#include "link/distinct_counts.hpp"
#include "link/error.hpp"
#include "modbus/error.hpp"
#include "poller/cycle.hpp"
#include "poller/describe.hpp"
#include "poller/transaction_of.hpp"
#include "profile/decode.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The registers of a controller, all tables, and which of them it does not return.
struct Registers {
  enum class Fault : std::uint8_t { none, silent, refused, busy, gateway };

  std::uint8_t pattern = 0;
  std::map<gensetd::modbus::TableAddress, std::uint16_t> set;
  std::map<gensetd::modbus::TableAddress, Fault> faults;

  std::uint16_t value(gensetd::modbus::TableAddress place) const {
    if (const auto known = set.find(place); known != set.end()) return known->second;
    const std::uint32_t mixed =
        (pattern + 1U) * 2'654'435'761U ^ (place.address + 1U) * 40'503U * (code_of(place.function) + 1U);
    switch (pattern % 4) {
      case 0:
        return 0;
      case 1:
        return 0xFFFF;
      case 2:
        return static_cast<std::uint16_t>(mixed >> 28U);
      default:
        return static_cast<std::uint16_t>(mixed >> 11U);
    }
  }

  std::vector<std::uint8_t> response(const gensetd::modbus::ReadRequest& request) const {
    std::vector<std::uint8_t> bytes(request.byte_count());
    for (std::uint32_t index = 0; index < request.count; ++index) {
      const std::uint16_t raw = value({request.function, static_cast<std::uint16_t>(request.first + index)});
      if (gensetd::modbus::reads_bits(request.function)) {
        if ((raw & 1U) != 0) bytes[index / 8] |= static_cast<std::uint8_t>(1U << (index % 8));
      } else {
        bytes[2U * index] = static_cast<std::uint8_t>(raw >> 8U);
        bytes[2U * index + 1] = static_cast<std::uint8_t>(raw & 0xFFU);
      }
    }
    return bytes;
  }

  Fault fault(const gensetd::modbus::ReadRequest& request) const {
    const auto first = faults.lower_bound({request.function, request.first});
    const bool touches = first != faults.end() && first->first.function == request.function &&
                         first->first.address < request.first + std::uint32_t{request.count};
    return touches ? first->second : Fault::none;
  }
};

inline bool is_one_line(std::string_view text) {
  return text.find_first_of("\n\r") == std::string_view::npos;
}

// A device that is polled with one map over one protocol. Its cycles are those of the poller; what they
// request and report is checked.
class MappedDevice {
 public:
  MappedDevice(gensetd::profile::ProfilePtr profile, gensetd::modbus::Protocol protocol)
      : profile_(std::move(profile)),
        address_{.host = "192.0.2.1", .unit_id = 1, .protocol = protocol},
        cycle_(profile_, protocol),
        counts_(protocol == gensetd::modbus::Protocol::tcp ? gensetd::link::DistinctCounts::Scope::connection
                                                           : gensetd::link::DistinctCounts::Scope::unit),
        blocks_(profile_->blocks.size()),
        kept_(profile_->fields.size()) {
    for (const auto& read : cycle_.plan()) check_planned(read);
  }

  const gensetd::profile::ProfilePtr& profile() const { return profile_; }

  // `suspect`: the response with this number is doubtful. `slots`: since the last cycle.
  void run_cycle(const Registers& registers, std::optional<unsigned> suspect, std::int64_t slots) {
    using namespace gensetd;
    slot_ += slots;
    for (Block& block : blocks_) block.attempt = Attempt::none;
    failures_ = 0;
    unsigned responses = 0;
    std::vector<modbus::ReadRequest> sent;  // responses to them are pending
    poller::Step step = cycle_.begin(is_responding_, slot_);
    const std::size_t steps_max = 40 + 12 * profile_->blocks.size();
    for (std::size_t steps = 0;; ++steps) {
      check(steps < steps_max);
      if (const auto* send = std::get_if<poller::SendRequest>(&step)) {
        sent.push_back(send->request);
        while (const auto more = cycle_.next_ahead()) sent.push_back(more->request);
        check(sent.size() <= profile_->transport(address_.protocol).requests_in_flight);
      } else if (std::holds_alternative<poller::PauseBeforeRetry>(step)) {
        step = cycle_.resume();
        continue;
      } else if (std::holds_alternative<poller::CycleFinished>(step)) {
        break;
      }
      check(!sent.empty());
      const modbus::ReadRequest request = sent.front();
      sent.erase(sent.begin());
      step = answer(request, registers);
      if (suspect == responses++) suspect_again(request, step, sent.empty());
    }
    is_responding_ = !cycle_.failure();
    if (cycle_.failure()) {
      check(is_one_line(poller::describe(address_, *cycle_.failure(), std::chrono::milliseconds{1'000})));
      check(!is_optional(cycle_.failure()->request));
      return cycle_.forget_refusals();
    }
    const reading::AlarmWordsPtr words_before = cycle_.alarm_words();
    const reading::Timestamp stamp{std::chrono::seconds{++cycles_}};
    cycle_.commit(stamp);
    check_reading(registers);
    check_words(registers, words_before, stamp);
    check(is_one_line(poller::describe(address_, *profile_, {cycle_.refused(), cycle_.unread()})));
  }

  // The last response of the last cycle was another request's.
  void suspect_last() {
    if (last_request_ && is_responding_) cycle_.mark_suspect(*last_request_);
  }

 private:
  enum class Attempt : std::uint8_t { none, failed, read };
  struct Block {
    Attempt attempt = Attempt::none;
    std::int64_t last_read = 0;  // slot
  };

  // Blocks of one table and schedule, and the gaps between them.
  void check_planned(const gensetd::profile::PlannedRead& read) const {
    const auto& transport = profile_->transport(address_.protocol);
    check(!read.blocks.empty() && (!transport.whole_blocks || read.blocks.size() == 1));
    const auto& first = profile_->blocks.at(read.blocks.front());
    const auto& last = profile_->blocks.at(read.blocks.back());
    check(read.first == first.address && read.first + int{read.count} == last.end());
    check(read.count >= 1 && read.count <= gensetd::modbus::count_max(read.table));
    int end = first.address;
    for (const std::uint16_t index : read.blocks) {
      const auto& block = profile_->blocks.at(index);
      check(block.table == read.table && block.every == first.every && block.conditions == first.conditions);
      check(block.address >= end && (read.blocks.size() == 1 || index == read.blocks.front() ||
                                     block.address - end <= transport.gap_max));
      end = block.end();
    }
    if (read.blocks.size() > 1) check(read.count <= limit_of(read.table));
  }

  int limit_of(gensetd::modbus::Function table) const {
    const int registers = profile_->transport(address_.protocol).merge_limit;
    return gensetd::modbus::reads_bits(table) ? 16 * registers : registers;
  }

  // The request on the wire, which is longer than wanted where that makes its response distinguishable.
  void check_wire(const gensetd::modbus::ReadRequest& wanted, const gensetd::modbus::ReadRequest& request) {
    using namespace gensetd;
    const auto& transport = profile_->transport(address_.protocol);
    const bool is_bits = modbus::reads_bits(request.function);
    check(request.function == wanted.function && request.first <= wanted.first);
    const std::uint32_t end = std::uint32_t{request.first} + request.count;
    check(end >= std::uint32_t{wanted.first} + wanted.count && end <= 65'536);
    check(request.count >= 1 && request.count <= (is_bits ? 2'000 : 125));
    const int extra = request.count - wanted.count;
    check(extra == 0 || (!transport.whole_blocks && request.count <= limit_of(request.function)));
    check(extra <= int{transport.gap_max} * (is_bits ? 16 : 1));
    if (is_bits) check((wanted.first - request.first) % 8 == 0);
    if (is_bits && address_.protocol == modbus::Protocol::rtu_over_tcp)
      check(request.count < 17 || request.count > 24);
    bool is_behind_a_block = false;
    bool is_before_a_block = false;
    for (const profile::Block& block : profile_->blocks) {
      if (block.table != request.function) continue;
      is_behind_a_block = is_behind_a_block || block.address <= request.first;
      is_before_a_block = is_before_a_block || static_cast<std::uint32_t>(block.end()) >= end;
    }
    check(is_behind_a_block && is_before_a_block);
  }

  // A read begins with its first block; blocks of one table do not overlap.
  bool is_optional(const gensetd::modbus::ReadRequest& request) const {
    for (const auto& block : profile_->blocks) {
      if (block.table == request.function && block.address == request.first) return !block.is_always_read();
    }
    return false;
  }

  const gensetd::profile::PlannedRead& planned(const gensetd::modbus::ReadRequest& request) {
    for (const auto& read : cycle_.plan()) {
      if (read.table == request.function && read.first == request.first && read.count == request.count)
        return read;
    }
    // The first block alone, which tells whether the device responds.
    const auto& first = profile_->blocks.front();
    check(request.function == first.table && request.first == first.address && request.count == first.count);
    probe_ = {.table = first.table, .first = first.address, .count = first.count, .blocks = {0}};
    return probe_;
  }

  gensetd::poller::Step answer(const gensetd::modbus::ReadRequest& request, const Registers& registers) {
    using namespace gensetd;
    last_request_ = request;
    const std::vector<std::uint16_t> blocks = planned(request).blocks;
    const link::Transaction transaction =
        poller::transaction_of(address_, *profile_, request, std::chrono::milliseconds{1'000});
    now_ += std::chrono::seconds{1};
    const auto choice = counts_.choose(transaction.request, transaction.extension, now_,
                                       address_.protocol == modbus::Protocol::tcp ? 8 : 1);
    link::Outcome outcome{.request = transaction.request};
    if (choice.request) {
      check_wire(transaction.request, *choice.request);
      now_ = std::max(now_, choice.not_before);
      counts_.sent(transaction.request, *choice.request, now_);
    }
    const Registers::Fault fault =
        choice.request ? registers.fault(*choice.request) : Registers::Fault::silent;
    std::vector<std::uint8_t> bytes;
    switch (fault) {
      case Registers::Fault::none: {
        // The registers that were wanted, out of those that the controller returned.
        bytes = registers.response(*choice.request);
        counts_.accepted(transaction.request, *choice.request, 0, now_);
        outcome.registers = link::wanted_of(transaction.request, *choice.request, bytes);
        break;
      }
      case Registers::Fault::silent:
        if (choice.request) counts_.no_response(transaction.request, *choice.request, now_);
        outcome.error = link::Error::no_response;
        break;
      default:
        outcome.error = modbus::ResponseError::exception_response;
        outcome.exception = fault == Registers::Fault::refused ? 2 : fault == Registers::Fault::busy ? 6 : 11;
        if (choice.request) counts_.refused(transaction.request, *choice.request, outcome.exception, now_);
    }
    for (const std::uint16_t block : blocks)
      blocks_[block].attempt = outcome.error ? Attempt::failed : Attempt::read;
    if (outcome.error) ++failures_;
    return cycle_.process(outcome, slot_ % 2 == 0 && failures_ < 6);
  }

  void suspect_again(const gensetd::modbus::ReadRequest& request, gensetd::poller::Step& step, bool is_idle) {
    using namespace gensetd;
    if (!cycle_.mark_suspect(request)) return;
    for (const std::uint16_t block : planned(request).blocks) blocks_[block].attempt = Attempt::none;
    if (is_idle && std::holds_alternative<poller::CycleFinished>(step)) step = cycle_.resume();
  }

  // What decoding the same registers again yields; a block that was not read has no values, or with `every`
  // those of its last read.
  void check_reading(const Registers& registers) {
    using namespace gensetd;
    const auto& values = cycle_.values();
    check(values.size() == profile_->fields.size());
    std::vector<profile::Value> expected(values.size());
    std::vector<std::string> texts(profile_->text_count);
    for (std::size_t index = 0; index < blocks_.size(); ++index) {
      const profile::Block& block = profile_->blocks[index];
      if (blocks_[index].attempt != Attempt::read) continue;
      blocks_[index].last_read = slot_;
      const auto bytes =
          registers.response({.function = block.table, .first = block.address, .count = block.count});
      profile::decode_block(*profile_, index, profile::fields_of_block(*profile_, index),
                            {.first = block.address, .bytes = bytes}, expected, texts);
    }
    for (std::size_t index = 0; index < values.size(); ++index) {
      const profile::Field& field = profile_->fields[index];
      const profile::Block& block = profile_->blocks.at(field.block);
      if (blocks_[field.block].attempt == Attempt::read) {
        check(values[index] == expected[index]);
        if (field.type == profile::Type::text)
          check(cycle_.texts() && cycle_.texts()->at(field.text) == texts.at(field.text));
        kept_[index] = values[index];
      } else if (values[index]) {
        check(block.every != 0 && values[index] == kept_[index]);
        check(slot_ - blocks_[field.block].last_read <= 2 * std::int64_t{block.every});
      }
      if (values[index]) check_limits(field, *values[index]);
    }
  }

  static void check_limits(const gensetd::profile::Field& field, std::int64_t value) {
    using gensetd::profile::Type;
    if (field.type == Type::text) return;
    if (field.type == Type::bit) return check(value == 0 || value == 1);
    const bool is_float = field.type == Type::f32 || field.type == Type::f64;
    if (!is_float && field.number && field.number->is_scaled) return check_scaled(field, value);
    check(!field.raw_min || value >= *field.raw_min);
    check(!field.raw_max || value <= *field.raw_max);
  }

  // value = (count * multiplier + addend) / divisor, rounded: so some count within the limits yields it.
  static void check_scaled(const gensetd::profile::Field& field, std::int64_t value) {
    const auto& number = *field.number;
    const auto scaled = [&](std::int64_t count) {
      return (static_cast<long double>(count) * static_cast<long double>(number.multiplier) +
              static_cast<long double>(number.addend)) /
             static_cast<long double>(number.divisor);
    };
    const long double a = scaled(field.raw_min.value_or(number.count_min));
    const long double b = scaled(field.raw_max.value_or(number.count_max));
    const long double margin = 0.51L + 1e-15L * (std::max(a, b) - std::min(a, b));
    check(static_cast<long double>(value) >= std::min(a, b) - margin);
    check(static_cast<long double>(value) <= std::max(a, b) + margin);
  }

  // A word is what was read in this cycle, or as it was.
  void check_words(const Registers& registers, const gensetd::reading::AlarmWordsPtr& before,
                   gensetd::reading::Timestamp stamp) {
    using namespace gensetd;
    const auto& words = cycle_.alarm_words();
    check(!before || words);
    for (std::size_t index = 0; index < profile_->alarm_words.size(); ++index) {
      const profile::AlarmWord& word = profile_->alarm_words[index];
      check(word.block < blocks_.size() && profile_->blocks[word.block].table == word.place.function);
      const auto known = words ? (*words)[index] : reading::AlarmWord{};
      if (blocks_[word.block].attempt == Attempt::read) {
        const std::uint16_t raw = registers.value(word.place);
        check(known.raw == (modbus::reads_bits(word.place.function) ? raw & 1 : raw));
        check(profile_->blocks[word.block].is_always_read() || known.read_at == stamp);
      } else {
        const auto was = before ? (*before)[index] : reading::AlarmWord{};
        check(known.raw == was.raw && known.read_at == was.read_at);
      }
      check_points(word, known.raw);
    }
  }

  void check_points(const gensetd::profile::AlarmWord& word, std::optional<std::uint16_t> raw) const {
    using namespace gensetd;
    check(word.first_point <= word.end_point && word.end_point <= profile_->alarm_points.size());
    for (std::uint32_t index = word.first_point; index < word.end_point; ++index) {
      const profile::AlarmPoint& point = profile_->alarm_points[index];
      check(point.word == word.place && point.mask != 0);
      const profile::Text text = profile::text_of(point, point.label);
      check(!text.en.empty() && !text.ru.empty() && is_one_line(text.en) && is_one_line(text.ru));
      check(point.is_confirmed || text.en.find(profile::place_of(point).en) != std::string::npos);
      if (raw) check(!point.is_on(*raw) || (*raw & point.mask) != 0 || point.value == 0);
    }
  }

  gensetd::profile::ProfilePtr profile_;
  gensetd::poller::DeviceAddress address_;
  gensetd::poller::Cycle cycle_;
  gensetd::link::DistinctCounts counts_;
  gensetd::profile::PlannedRead probe_;
  std::optional<gensetd::modbus::ReadRequest> last_request_;
  std::vector<Block> blocks_;
  std::vector<gensetd::profile::Value> kept_;  // of the last read of each block
  gensetd::link::SteadyTime now_{std::chrono::hours{1}};
  std::int64_t slot_ = 0;
  std::int64_t cycles_ = 0;
  int failures_ = 0;  // of requests in this cycle
  bool is_responding_ = false;
};
