#pragma once

#include "alarm_word_checks.hpp"
#include "modbus/big_endian.hpp"
#include "poller/cycle.hpp"
#include "register_codes.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gensetd::poller {

struct OptionalCounts {
  std::uint64_t reads = 0;        // blocks that a reading has
  std::uint64_t final_reads = 0;  // of these, after the condition had ended
  std::uint64_t failures = 0;     // blocks that were due and left out of a reading
  std::uint64_t late_finals = 0;  // blocks whose final read failed before it succeeded
  std::uint64_t words = 0;
  std::uint64_t wrong = 0;
  std::string first_wrong;
};

// Judges the optional blocks of one device with the fields of every_register_of(), by what was requested and
// received. Use in each cycle: begin(), requested() and finished() for each read, finished_reads() at
// CycleFinished; then failed(), or committed() after Cycle::commit().
class OptionalJudge {
 public:
  OptionalJudge(RegisterCodes& codes, OptionalCounts& counts, std::uint8_t unit_id,
                profile::ProfilePtr profile)
      : codes_(codes),
        counts_(counts),
        unit_id_(unit_id),
        profile_(std::move(profile)),
        blocks_(profile_->blocks.size()) {}

  // A read begins at the first address of its first block, and contains blocks of one schedule.
  bool is_optional(const modbus::ReadRequest& request) const {
    return std::ranges::any_of(profile_->blocks, [&](const profile::Block& block) {
      return !block.is_always_read() && block.table == request.function && block.address == request.first;
    });
  }

  void begin() {
    has_chosen_ = has_suspect_ = false;
    received_.clear();
    for (Block& block : blocks_) block.attempt = Attempt::none;
  }

  // A read of this cycle is sent. `values`: of the cycle so far.
  void requested(const modbus::ReadRequest& request, std::span<const profile::Value> values, SteadyTime now) {
    requested_at_ = now;
    if (!is_optional(request)) return;
    choose(values);
    bool may_be_due = false;
    for_each_block(request, [&](Block& block) {
      const bool is_due = !block.rests() && (block.needs_read || block.may_need_read);
      // A merged read that is refused is repeated block by block, also those that were not due.
      may_be_due = may_be_due || is_due || block.attempt != Attempt::none;
      block.attempt = Attempt::failed;  // until there is a response
    });
    check(may_be_due, "a block was read that was not due");
  }

  void finished(const link::Outcome& outcome, SteadyTime now) {
    const bool is_of_optional = is_optional(outcome.request);
    if (is_of_optional)
      for_each_block(outcome.request,
                     [&](Block& block) { block.attempt = outcome.error ? Attempt::failed : Attempt::read; });
    for (unsigned index = 0; index < outcome.request.count; ++index) {
      const auto place = std::pair{is_of_optional, outcome.request.first + index};
      if (outcome.error)
        received_.erase(place);
      else
        received_[place] = {modbus::number_at(outcome.registers, 2U * index), requested_at_, now};
    }
  }

  // The last response may have been another one; after committed() too.
  void suspected(const modbus::ReadRequest& request) {
    has_suspect_ = true;
    if (!is_optional(request)) return;
    for_each_block(request, [](Block& block) { block.may_need_read = true; });
  }

  void finished_reads(std::span<const profile::Value> values) { choose(values); }

  void failed(const Cycle& cycle) {
    check(!is_optional(cycle.failure()->request), "an optional block failed the cycle");
  }

  // In this cycle, of any block.
  bool was_received(const profile::Field& field, std::int64_t raw) const {
    const bool is_of_optional = !profile_->blocks[field.block].is_always_read();
    const auto known = received_.find({is_of_optional, field.address});
    return known != received_.end() && known->second.value == raw;
  }

  void committed(Cycle& cycle, reading::Timestamp stamp) {
    check_words(cycle, stamp);
    for (std::size_t index = 0; index < blocks_.size(); ++index) {
      if (!profile_->blocks[index].is_always_read()) check_block(cycle, index, stamp);
    }
    check_values(cycle);
    for (Block& block : blocks_) block.commit();
  }

 private:
  enum class Attempt : std::uint8_t { none, failed, read };
  struct Block {
    Attempt attempt = Attempt::none;
    bool is_condition_met = false;
    bool needs_read = false;
    bool may_need_read = false;  // the response was suspect after its reading
    int failures = 0;
    int cycles_rested = 0;

    bool rests() const { return failures >= 3 && cycles_rested + 1 < 30; }
    void commit() {
      cycles_rested = attempt == Attempt::none ? cycles_rested + 1 : 0;
      if (attempt == Attempt::failed) ++failures;
      if (attempt != Attempt::read) return;
      failures = 0;
      needs_read = is_condition_met;
      may_need_read = false;
    }
  };
  struct Received {
    std::uint16_t value = 0;
    SteadyTime requested_at;
    SteadyTime at;
  };

  void check(bool holds, const std::string& what) {
    if (holds) return;
    if (counts_.wrong++ == 0)
      counts_.first_wrong = "unit " + std::to_string(unit_id_) + " (" + profile_->name + "): " + what;
  }

  template <class Visit>
  void for_each_block(const modbus::ReadRequest& request, Visit visit) {
    for (std::size_t index = 0; index < blocks_.size(); ++index) {
      const profile::Block& block = profile_->blocks[index];
      const bool is_inside =
          block.address >= request.first && block.end() <= request.first + int{request.count};
      if (!block.is_always_read() && block.table == request.function && is_inside) visit(blocks_[index]);
    }
  }

  // Once in a cycle, when all other blocks were read. A condition without data counts as met.
  void choose(std::span<const profile::Value> values) {
    if (std::exchange(has_chosen_, true)) return;
    for (std::size_t index = 0; index < blocks_.size(); ++index) {
      bool is_met = false;
      for (std::size_t number = 0; number < profile_->conditions.size(); ++number) {
        const bool concerns = (profile_->blocks[index].conditions >> number & 1) != 0;
        is_met = is_met || (concerns && values[profile_->conditions[number].field].value_or(1) == 1);
      }
      blocks_[index].is_condition_met = is_met;
      blocks_[index].needs_read = blocks_[index].needs_read || is_met;
    }
  }

  bool is_right(bool is_of_optional, std::uint16_t address, std::uint16_t raw) {
    const auto known = received_.find({is_of_optional, address});
    if (known == received_.end() || known->second.value != raw) return false;
    return codes_.is_right(raw, unit_id_, address, known->second.requested_at, known->second.at);
  }

  void check_words(Cycle& cycle, reading::Timestamp stamp) {
    const reading::AlarmWordsPtr& words = cycle.alarm_words();
    for (const std::size_t index : words_.changed(words, stamp)) {
      const profile::AlarmWord& word = profile_->alarm_words[index];
      const auto& raw = (*words)[index].raw;
      const bool is_of_optional = !profile_->blocks[word.block].is_always_read();
      ++counts_.words;
      check(raw && is_right(is_of_optional, word.place.address, *raw),
            "register " + std::to_string(word.place.address) + " was not read with this value");
      check(!is_of_optional || (*words)[index].read_at == stamp,
            "register " + std::to_string(word.place.address) + " changed without a read");
    }
    check(!words_.has_forgotten(), "the words are unknown again");
  }

  void check_block(Cycle& cycle, std::size_t index, reading::Timestamp stamp) {
    Block& block = blocks_[index];
    const std::string name = "block " + profile_->blocks[index].name;
    const bool was_due = block.needs_read && !block.rests();
    check(!was_due || block.attempt != Attempt::none, name + " was due and not requested");
    // What is reported of the block decides; a suspect response may have been left out.
    bool was_read = false;
    for (std::size_t word = 0; word < profile_->alarm_words.size(); ++word) {
      if (profile_->alarm_words[word].block != index) continue;
      const auto known = cycle.alarm_words() ? (*cycle.alarm_words())[word] : reading::AlarmWord{};
      was_read = was_read || known.read_at == stamp;
    }
    check(!was_read || block.attempt == Attempt::read, name + " was reported without a response");
    check(was_read || block.attempt != Attempt::read || has_suspect_, name + " was read and not reported");
    if (block.attempt == Attempt::read && !was_read) block.attempt = Attempt::failed;
    if (was_read) {
      ++counts_.reads;
      if (!block.is_condition_met) ++counts_.final_reads;
      if (!block.is_condition_met && block.failures > 0) ++counts_.late_finals;
    } else if (was_due) {
      ++counts_.failures;
    }
  }

  // A value is that of this cycle, or null.
  void check_values(Cycle& cycle) {
    for (std::size_t index = 0; index < profile_->fields.size(); ++index) {
      const profile::Field& field = profile_->fields[index];
      if (profile_->blocks[field.block].is_always_read()) continue;
      const auto& value = cycle.values()[index];
      const bool was_read = blocks_[field.block].attempt == Attempt::read;
      check(value.has_value() == was_read, field.name + (was_read ? " has no value" : " was not read"));
      if (value && was_read)
        check(is_right(true, field.address, static_cast<std::uint16_t>(*value)), field.name + " is wrong");
    }
  }

  RegisterCodes& codes_;
  OptionalCounts& counts_;
  std::uint8_t unit_id_;
  profile::ProfilePtr profile_;
  std::vector<Block> blocks_;
  AlarmWordChecks words_;
  std::map<std::pair<bool, unsigned>, Received> received_;  // by whether its read was optional, and address
  SteadyTime requested_at_{};
  bool has_chosen_ = false;
  bool has_suspect_ = false;
};

}  // namespace gensetd::poller
