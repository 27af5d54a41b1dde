#include "troubled_line.hpp"

#include "modbus/error.hpp"
#include "poller/cycle.hpp"
#include "poller/transaction_of.hpp"
#include "profile/catalog.hpp"
#include "troubled_gateway.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

// Not one value under a wrong name or out of its time, whatever happens on the line.
//   SERIAL_TRANSACTIONS=1000000 SERIAL_SEED=7 poller_tests --gtest_filter='TroubledLineTest.*'
// is the long run; without them it is short, with a seed that is printed.
namespace gensetd::poller {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

// A built-in map's blocks, with every register of them as a field of its own.
profile::ProfilePtr every_register_of(const std::string& name) {
  auto profile = std::make_shared<profile::Profile>(*profile::Catalog::built_in().find(name));
  profile->fields.clear();
  for (std::uint16_t block = 0; block < profile->blocks.size(); ++block) {
    for (std::uint16_t index = 0; index < profile->blocks[block].count; ++index) {
      profile->fields.push_back(
          {.name = std::to_string(profile->blocks[block].address + index),
           .address = static_cast<std::uint16_t>(profile->blocks[block].address + index),
           .block = block});
    }
  }
  return profile;
}

struct Tally {
  std::uint64_t published = 0;
  std::uint64_t values = 0;
  std::uint64_t wrong = 0;
  std::uint64_t failed = 0;
};

// One device as DevicePoller does it: a cycle every two seconds, doubts, settling.
class Device final : public link::Requester {
 public:
  Device(SimulatedPeer& line, RegisterCodes& codes, Tally& tally, std::uint8_t unit_id,
         profile::ProfilePtr profile, modbus::Protocol protocol = modbus::Protocol::rtu_over_tcp)
      : line_(line),
        codes_(codes),
        tally_(tally),
        address_{.unit_id = unit_id, .protocol = protocol},
        profile_(profile),
        cycle_(std::move(profile), protocol) {
    begin_in(milliseconds{static_cast<int>(line.below(2'000))});
  }

  void doubted(const modbus::ReadRequest& request) override {
    if (!running_) return;
    const bool to_ask = cycle_.doubted(request);
    if (settling_ && to_ask) follow(cycle_.again());
  }

 private:
  void begin_in(milliseconds time) {
    line_.at(line_.now + time, [this] {
      running_ = true;
      wrong_.clear();
      follow(cycle_.begin(alive_));
    });
  }

  void follow(const Step& step) {
    settling_ = false;
    ++turn_;
    if (const auto* ask = std::get_if<Ask>(&step)) {
      asked_at_ = line_.now;
      const milliseconds timeout{1'000};
      line_.conversation.submit(*this, transaction_of(address_, *profile_, ask->request, timeout));
    } else if (std::holds_alternative<Pause>(step)) {
      line_.at(line_.now + milliseconds{200}, [this] { follow(cycle_.again()); });
    } else if (std::holds_alternative<Finished>(step)) {
      settling_ = true;
      const milliseconds gap = profile_->transport(address_.protocol).request_gap;
      const milliseconds time =
          cycle_.failure() ? milliseconds{0} : line_.conversation.settling_time(gap, line_.now);
      settled_by_ = line_.now + time + milliseconds{500};
      settle_at(line_.now + time);
    }
  }

  void settle_at(SteadyTime time) {
    line_.at(time, [this, turn = turn_] {
      if (!settling_ || turn != turn_) return;
      const auto undecided = line_.conversation.undecided_until();
      if (undecided && line_.now < settled_by_) return settle_at(std::max(line_.now, *undecided));
      publish();
    });
  }

  void finished(const link::Outcome& outcome) override {
    const bool refused = outcome.error == modbus::Error::exception_answer;
    if (!outcome.error || refused) {
      const unsigned first = outcome.request.first;
      const unsigned end = first + outcome.request.count;
      // What is read again, in one or in blocks, or refused, takes the place of what was read before.
      std::erase_if(wrong_, [&](const auto& entry) {
        return entry.first.first < end && first < entry.first.first + entry.first.second;
      });
      if (!refused) wrong_[{first, outcome.request.count}] = wrong_in(outcome);
    }
    follow(cycle_.took(outcome));
  }

  std::uint64_t wrong_in(const link::Outcome& outcome) {
    std::uint64_t wrong = 0;
    for (unsigned index = 0; index < outcome.request.count; ++index) {
      const std::uint16_t value = modbus::number_at(outcome.registers, 2U * index);
      const unsigned register_address = outcome.request.first + index;
      if (!codes_.is_right(value, address_.unit_id, register_address, asked_at_, line_.now)) ++wrong;
    }
    return wrong;
  }

  void publish() {
    settling_ = running_ = false;
    alive_ = !cycle_.failure();
    if (cycle_.failure()) {
      ++tally_.failed;
      cycle_.forget_refusals();
      return begin_in(milliseconds{5'000});
    }
    ++tally_.published;
    for (const auto& [range, count] : wrong_) tally_.wrong += count;
    // And each under its name: at any time within this cycle, its time was checked when it came.
    for (std::size_t index = 0; index < profile_->fields.size(); ++index) {
      const auto& value = cycle_.values()[index];
      if (!value) continue;
      ++tally_.values;
      const SteadyTime long_ago = line_.now - RegisterCodes::tick * RegisterCodes::ticks;
      const auto raw = static_cast<std::uint16_t>(*value);
      if (!codes_.is_right(raw, address_.unit_id, profile_->fields[index].address, long_ago, line_.now))
        ++tally_.wrong;
    }
    begin_in(milliseconds{1'000 + static_cast<int>(line_.below(1'000))});
  }

  SimulatedPeer& line_;
  RegisterCodes& codes_;
  Tally& tally_;
  Address address_;
  profile::ProfilePtr profile_;
  Cycle cycle_;
  std::map<std::pair<unsigned, unsigned>, std::uint64_t> wrong_;  // by range, first and count
  SteadyTime asked_at_{};
  SteadyTime settled_by_{};
  unsigned turn_ = 0;
  bool alive_ = false;
  bool running_ = false;
  bool settling_ = false;
};

// Runs until so many transactions are over, and prints what happened.
void report(SimulatedPeer& line, const Tally& tally, std::uint64_t seed, std::uint64_t transactions) {
  while (line.transactions < transactions) {
    line.step([](const link::Action& action) {
      if (const auto* tell = std::get_if<link::Tell>(&action)) {
        tell->requester->finished(tell->outcome);
      } else if (const auto* doubt = std::get_if<link::Doubt>(&action)) {
        doubt->requester->doubted(doubt->request);
      }
    });
  }
  std::cout << "seed " << seed << ": " << line.transactions << " transactions, " << tally.published
            << " readings with " << tally.values << " values, " << tally.failed << " failed cycles\n";
  link::Counters sum;
  for (const auto& [unit_id, counters] : line.conversation.units()) {
    sum += counters;
  }
  std::cout << "  timeouts " << sum.timeouts << ", broken " << sum.broken_frames << ", foreign "
            << sum.foreign_frames << ", late " << sum.late_answers << ", doubled " << sum.doubled_answers
            << ", confirmed " << sum.confirmations << ", doubted " << sum.doubts << '\n';
}

// Two gensets, a switchboard and a dead unit behind one converter.
Tally run(Troubles troubles, bool alike, std::uint64_t seed, std::uint64_t transactions) {
  RegisterCodes codes(alike, seed);
  TroubledLine line(troubles, codes, seed);
  line.dead_unit = 4;
  Tally tally;
  const auto genset = every_register_of("hgm9520n");
  const auto switchboard = every_register_of("hgm9560");
  Device first(line, codes, tally, 1, genset);
  Device second(line, codes, tally, 2, genset);
  Device third(line, codes, tally, 3, switchboard);
  Device dead(line, codes, tally, 4, switchboard);
  report(line, tally, seed, transactions);
  return tally;
}

// Three gensets of one model and a dead unit behind one gateway. All reads of the gensets have equal lengths.
Tally run(GatewayTroubles troubles, std::uint64_t seed, std::uint64_t transactions) {
  RegisterCodes codes(true, seed);
  TroubledGateway gateway(troubles, codes, seed);
  gateway.dead_unit = 4;
  Tally tally;
  const auto genset = every_register_of("hgm9520n");
  constexpr auto tcp = modbus::Protocol::tcp;
  Device first(gateway, codes, tally, 1, genset, tcp);
  Device second(gateway, codes, tally, 2, genset, tcp);
  Device third(gateway, codes, tally, 3, genset, tcp);
  Device dead(gateway, codes, tally, 4, genset, tcp);
  report(gateway, tally, seed, transactions);
  std::cout << "  out of step " << gateway.out_of_step << '\n';
  EXPECT_GT(gateway.out_of_step, transactions / 500) << "the gateway behaved too well";
  return tally;
}

class TroubledLineTest : public testing::Test {
 protected:
  std::uint64_t seed = from_environment("SERIAL_SEED", std::random_device{}());
  std::uint64_t transactions = from_environment("SERIAL_TRANSACTIONS", 20'000);

  void expect_no_wrong_value(const GatewayTroubles& troubles) {
    const Tally tally = run(troubles, seed, transactions);
    EXPECT_EQ(tally.wrong, 0U) << "repeat with SERIAL_SEED=" << seed
                               << " SERIAL_TRANSACTIONS=" << transactions;
    EXPECT_GT(tally.published, transactions / 50) << "the gateway was hardly used";
  }

  void expect_no_wrong_value(const Troubles& troubles, bool alike) {
    const Tally tally = run(troubles, alike, seed, transactions);
    EXPECT_EQ(tally.wrong, 0U) << "repeat with SERIAL_SEED=" << seed
                               << " SERIAL_TRANSACTIONS=" << transactions;
    EXPECT_GT(tally.published, transactions / 40) << "the line was hardly used";
  }
};

TEST_F(TroubledLineTest, late_lost_doubled_split_merged_and_broken_answers_are_never_wrong_values) {
  expect_no_wrong_value({.foreign_every = milliseconds{0}}, true);
}

TEST_F(TroubledLineTest, another_master_whose_requests_are_seen_is_never_taken_for_ours) {
  expect_no_wrong_value({.foreign_hidden = 0.05, .foreign_mimics = 0.01}, false);
}

TEST_F(TroubledLineTest,
       another_client_of_the_converter_whose_requests_are_not_seen_is_never_taken_for_ours) {
  expect_no_wrong_value({.foreign_hidden = 1.0, .foreign_mimics = 0.002}, false);
}

// Nothing in the values tells one register from another here, so all that can is that a second answer comes.
TEST_F(TroubledLineTest, an_answer_like_ours_is_not_believed_when_ours_comes_behind_it_in_pieces) {
  expect_no_wrong_value({.split_pause_max = milliseconds{250},
                         .merged = 0.0,
                         .foreign_every = milliseconds{0},
                         .lookalike = 0.03},
                        true);
}

TEST_F(TroubledLineTest, gateway_that_gives_late_responses_to_later_requests_causes_no_wrong_value) {
  expect_no_wrong_value({});
}

// No timeout, no exception and no wrong unit id ever tells that the gateway is out of step.
TEST_F(TroubledLineTest, gateway_that_is_out_of_step_without_a_sign_causes_no_wrong_value) {
  expect_no_wrong_value({.late = 0, .lost = 0, .sends_twice = 0.05, .exception = 0});
}

TEST_F(TroubledLineTest, gateway_that_keeps_its_buffer_over_reconnects_causes_no_wrong_value) {
  expect_no_wrong_value(
      {.late = 0.1, .says_failed = 1.0, .honest_unit = 0.2, .flushes = 0.002, .forgets_on_reconnect = false});
}

// Two daemons behind one gateway: the late response may be the other one's, of any unit, read and count.
TEST_F(TroubledLineTest, gateway_with_another_client_causes_no_wrong_value) {
  expect_no_wrong_value({.others_given_up = 0.01});
  expect_no_wrong_value({.late = 0, .lost = 0, .exception = 0, .others_given_up = 0.01});
}

}  // namespace
}  // namespace gensetd::poller
