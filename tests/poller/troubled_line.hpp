#pragma once

#include "link/conversation.hpp"
#include "modbus/big_endian.hpp"
#include "modbus/crc.hpp"
#include "modbus/rtu_frame.hpp"
#include "register_codes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

// A serial line behind a converter with all its faults, in simulated time: a million transactions take
// seconds. All random numbers come from one seed.
namespace gensetd::poller {

using std::chrono::milliseconds;
using Bytes = std::vector<std::uint8_t>;

inline std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

// The random runs of a test: SERIAL_SEEDS runs from SERIAL_SEED on, each of SERIAL_TRANSACTIONS transactions.
// Without the variables they are always the same.
struct RandomRuns {
  std::uint64_t first_seed = from_environment("SERIAL_SEED", 1);
  std::uint64_t count = from_environment("SERIAL_SEEDS", std::getenv("SERIAL_SEED") == nullptr ? 3 : 1);
  std::uint64_t transactions = from_environment("SERIAL_TRANSACTIONS", 20'000);
};

// For failure messages: the command that runs the current test with this seed only.
inline std::string repeat_with(std::uint64_t seed, std::uint64_t transactions) {
  const testing::TestInfo& test = *testing::UnitTest::GetInstance()->current_test_info();
  return "seed " + std::to_string(seed) + "; repeat with: SERIAL_SEED=" + std::to_string(seed) +
         " SERIAL_TRANSACTIONS=" + std::to_string(transactions) +
         " build/release/tests/poller/poller_tests --gtest_filter=" + test.test_suite_name() + "." +
         test.name();
}

struct Troubles {
  double lost = 0.03;
  double late = 0.03;     // by 0.3 to 9 s
  double doubled = 0.03;  // again within 400 ms
  double split = 0.3;     // with pauses up to split_pause_max
  milliseconds split_pause_max{60};
  double merged = 0.05;  // arrives together with the next bytes
  double corrupted = 0.04;
  double exception = 0.01;
  double reset = 0.002;
  double garbage = 0.02;
  milliseconds foreign_every{700};  // on average; 0: no other master
  double foreign_hidden = 0.0;      // share whose request is not visible
  double foreign_mimics = 0.0;      // share that requests as many registers of the same unit as we do
  double lookalike = 0.0;           // our response is preceded by another one of the same unit and count
};

// A conversation with its peer, in simulated time. Use: schedule events and call step() repeatedly; step()
// passes on the actions for the requester (Report, ReportSuspect).
class SimulatedPeer {
 public:
  explicit SimulatedPeer(std::uint64_t seed) : random_(seed) { conversation.opened(now, first_id()); }
  virtual ~SimulatedPeer() = default;

  void at(SteadyTime time, std::function<void()> what) { events_.emplace(time, std::move(what)); }

  // Carries out the next action or event. `on_action` gets Report and ReportSuspect.
  template <class OnAction>
  void step(OnAction&& on_action) {
    const link::Action action = conversation.next(now);
    if (const auto* wait = std::get_if<link::Wait>(&action)) {
      const SteadyTime event = events_.empty() ? SteadyTime::max() : events_.begin()->first;
      now = std::max(now, std::min(wait->until, event));
      if (event <= now) {
        const auto what = std::move(events_.begin()->second);
        events_.erase(events_.begin());
        what();
      }
    } else if (const auto* send = std::get_if<link::Send>(&action)) {
      ++transactions;
      send_frame(*send);
    } else if (std::holds_alternative<link::Connect>(action)) {
      at(now + milliseconds{20}, [this] {
        open_ = true;
        conversation.opened(now, first_id());
      });
    } else if (std::holds_alternative<link::Close>(action)) {
      open_ = false;
      conversation.closed({}, now);
    } else {
      on_action(action);
    }
  }

  // Runs until this number of requests has been sent, and passes the outcomes to their handlers.
  void run_until(std::uint64_t transactions_max) {
    while (transactions < transactions_max) {
      step([](const link::Action& action) {
        if (const auto* report = std::get_if<link::Report>(&action)) {
          report->handler->finished(report->outcome);
        } else if (const auto* suspect = std::get_if<link::ReportSuspect>(&action)) {
          suspect->handler->response_suspected(suspect->request);
        }
      });
    }
  }

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool happens(double probability) { return static_cast<double>(random_() >> 11) * 0x1.0p-53 < probability; }

  SteadyTime now{std::chrono::hours{1}};
  link::Conversation conversation;
  std::uint64_t transactions = 0;

 protected:
  virtual void send_frame(const link::Send& send) = 0;
  std::uint16_t first_id() { return static_cast<std::uint16_t>(random_()); }

  bool open_ = true;

 private:
  std::mt19937_64 random_;
  std::multimap<SteadyTime, std::function<void()>> events_;
};

// A serial line behind a converter.
class TroubledLine final : public SimulatedPeer {
 public:
  TroubledLine(Troubles troubles, RegisterCodes& codes, std::uint64_t seed)
      : SimulatedPeer(seed), troubles_(troubles), codes_(codes) {
    if (troubles_.foreign_every.count() > 0) at(now + milliseconds{1}, [this] { other_master_requests(); });
  }

  std::uint8_t silent_unit = 0;

 private:
  static Bytes sealed(Bytes frame) {
    const std::uint16_t crc = modbus::crc16(frame);
    frame.push_back(modbus::low_byte(crc));
    frame.push_back(modbus::high_byte(crc));
    return frame;
  }

  milliseconds wire_time(std::size_t length_bytes) const {
    return milliseconds{static_cast<std::int64_t>(length_bytes) * 1'146 / 1'000};
  }

  Bytes response_to(std::uint8_t unit_id, unsigned first, unsigned count, SteadyTime time) {
    Bytes frame{unit_id, 3, static_cast<std::uint8_t>(2 * count)};
    for (unsigned index = 0; index < count; ++index) {
      const std::uint16_t value = codes_.value(unit_id, first + index, time);
      frame.push_back(modbus::high_byte(value));
      frame.push_back(modbus::low_byte(value));
    }
    return sealed(std::move(frame));
  }

  void send_frame(const link::Send& send) override {
    const std::span<const std::uint8_t> bytes(send.bytes);
    ours_ = {.unit_id = bytes[0],
             .function = modbus::Function::holding_registers,
             .first = modbus::number_at(bytes, 2),
             .count = modbus::number_at(bytes, 4)};
    const bool collides = now < other_master_busy_until_ && happens(0.5);
    if (ours_.unit_id == silent_unit || collides || happens(troubles_.lost)) return;
    if (happens(troubles_.reset)) {
      at(now + milliseconds{5}, [this] {
        if (!std::exchange(open_, false)) return;
        conversation.closed({}, now);
      });
    }
    const auto turnaround = milliseconds{30 + static_cast<int>(below(60))};
    const SteadyTime read_at = now + wire_time(8) + turnaround;
    Bytes frame = response_to(ours_.unit_id, ours_.first, ours_.count, read_at);
    if (happens(troubles_.lookalike)) {
      receive_at(read_at,
                 response_to(ours_.unit_id, static_cast<unsigned>(below(230)), ours_.count, read_at));
      const SteadyTime arrives = read_at + wire_time(frame.size());
      return deliver_at(arrives, std::move(frame));
    }
    if (happens(troubles_.exception))
      frame = sealed({ours_.unit_id, 0x83, happens(0.5) ? std::uint8_t{4} : std::uint8_t{6}});
    SteadyTime arrives = read_at + wire_time(frame.size());
    if (happens(troubles_.late)) arrives += milliseconds{300 + static_cast<int>(below(8'700))};
    if (happens(troubles_.doubled)) deliver_at(arrives + milliseconds{static_cast<int>(below(400))}, frame);
    if (happens(troubles_.corrupted)) corrupt(frame);
    deliver_at(arrives, std::move(frame));
  }

  void corrupt(Bytes& frame) {
    switch (below(3)) {
      case 0:
        frame[below(frame.size())] ^= static_cast<std::uint8_t>(1 + below(255));
        break;
      case 1:
        frame.erase(frame.begin() + static_cast<std::ptrdiff_t>(below(frame.size())));
        break;
      default:
        frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(below(frame.size())),
                     static_cast<std::uint8_t>(below(256)));
    }
  }

  void deliver_at(SteadyTime time, Bytes bytes) {
    if (happens(troubles_.garbage)) {
      Bytes noise(1 + below(12));
      for (std::uint8_t& byte : noise) byte = static_cast<std::uint8_t>(below(256));
      bytes.insert(bytes.begin(), noise.begin(), noise.end());
    }
    if (!happens(troubles_.split) || bytes.size() < 2) {
      at(time, [this, bytes = std::move(bytes)] { arrive(bytes); });
      return;
    }
    const auto cut = static_cast<std::ptrdiff_t>(1 + below(bytes.size() - 1));
    at(time, [this, part = Bytes(bytes.begin(), bytes.begin() + cut)] { arrive(part); });
    const auto longest = static_cast<std::uint64_t>(troubles_.split_pause_max.count());
    const auto pause = milliseconds{static_cast<int>(below(longest))};
    at(time + pause, [this, part = Bytes(bytes.begin() + cut, bytes.end())] { arrive(part); });
  }

  void receive_at(SteadyTime time, Bytes bytes) {
    at(time, [this, bytes = std::move(bytes)] {
      if (open_) conversation.received(bytes, now);
    });
  }

  void arrive(Bytes bytes) {
    bytes.insert(bytes.begin(), held_.begin(), held_.end());
    held_.clear();
    if (!open_) return;
    if (happens(troubles_.merged)) {
      held_ = std::move(bytes);
      at(now + milliseconds{300}, [this] {
        if (open_ && !held_.empty()) conversation.received(std::exchange(held_, {}), now);
      });
      return;
    }
    conversation.received(bytes, now);
  }

  // Another master polls these units with a plan of its own, which changes every twenty minutes.
  void other_master_requests() {
    if (now >= foreign_plan_until_) {
      foreign_plan_until_ = now + std::chrono::minutes{20};
      foreign_plan_.clear();
      for (int read = 0; read < 4; ++read) {
        foreign_plan_.push_back({.unit_id = static_cast<std::uint8_t>(1 + below(4)),
                                 .function = modbus::Function::holding_registers,
                                 .first = static_cast<std::uint16_t>(below(230)),
                                 .count = static_cast<std::uint16_t>(1 + below(20))});
      }
    }
    modbus::ReadRequest request_of_other = foreign_plan_[below(foreign_plan_.size())];
    // Rarely: nothing could distinguish a master whose counts always equal ours.
    if (happens(troubles_.foreign_mimics) && now > mimicked_at_ + std::chrono::seconds{10}) {
      request_of_other.unit_id = ours_.unit_id;
      request_of_other.count = ours_.count;
      mimicked_at_ = now;
    }
    const auto turnaround = milliseconds{30 + static_cast<int>(below(60))};
    const SteadyTime read_at = now + wire_time(8) + turnaround;
    Bytes response =
        response_to(request_of_other.unit_id, request_of_other.first, request_of_other.count, read_at);
    other_master_busy_until_ = read_at + wire_time(response.size());
    if (!happens(troubles_.foreign_hidden)) {
      const auto request = modbus::encode_rtu(request_of_other);
      deliver_at(now + wire_time(8), Bytes(request.begin(), request.end()));
    }
    if (!happens(troubles_.lost)) deliver_at(other_master_busy_until_, std::move(response));
    const auto mean = static_cast<std::uint64_t>(troubles_.foreign_every.count());
    at(now + milliseconds{static_cast<std::int64_t>(1 + below(2 * mean))},
       [this] { other_master_requests(); });
  }

  Troubles troubles_;
  RegisterCodes& codes_;
  Bytes held_;
  modbus::ReadRequest ours_;
  std::vector<modbus::ReadRequest> foreign_plan_;
  SteadyTime foreign_plan_until_{};
  SteadyTime other_master_busy_until_{};
  SteadyTime mimicked_at_{};
};

}  // namespace gensetd::poller
