#pragma once

#include "link/transaction.hpp"
#include "modbus/read_request.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace gensetd::link {

// What an answer is that nobody waited for.
enum class Stray : std::uint8_t { late, doubled, foreign };

// How many registers may be asked of a unit of a serial line now. An RTU answer names neither its request nor
// its registers: only unit and count tell it from another. So the count is used as Modbus TCP uses its
// transaction id: a read is made some registers longer than wanted, so that no answer that may still come
// from an earlier request, or to somebody else's, has the same count. One for each line; survives
// reconnects, as the converter's buffers do. No clock of its own: `now` never goes back.
class SerialCounts {
 public:
  // An answer may come that late: longer than any delay seen at sites, which was 'seconds'. Until then its
  // count is never asked of its unit, for whatever registers.
  static constexpr std::chrono::seconds late_answer_max{10};
  // While there is another count to take, one that was not answered rests this long,
  static constexpr std::chrono::seconds rest_unanswered{60};
  // and one that was answered this long, as a copy of the answer may come.
  static constexpr std::chrono::seconds rest_answered{5};
  // Even when there is none: copies come at once or seldom.
  static constexpr std::chrono::milliseconds rest_min{500};
  // How long the counts of somebody else's requests and answers are remembered.
  static constexpr std::chrono::minutes foreign_memory{10};
  // What to ask for `wanted`, and from when on: not later than `now` when at once. The request is empty when
  // somebody else asks for every count that it could have.
  struct Choice {
    std::optional<modbus::ReadRequest> request;
    SteadyTime not_before;
  };
  Choice choose(const modbus::ReadRequest& wanted, const Room& room, SteadyTime now);

  // The same for fewer registers than wanted, to confirm an answer: empty when there is no such count now.
  std::optional<modbus::ReadRequest> choose_part(const modbus::ReadRequest& wanted, SteadyTime now);

  // What became of `asked`, which choose() gave for `wanted`.
  void sent(const modbus::ReadRequest& wanted, const modbus::ReadRequest& asked, SteadyTime now);
  void answered(const modbus::ReadRequest& wanted, const modbus::ReadRequest& asked, std::uint16_t crc,
                SteadyTime now);
  void unanswered(const modbus::ReadRequest& wanted, const modbus::ReadRequest& asked, SteadyTime now);
  // An answer came and was not believed: if it was somebody else's, ours may still come.
  // A single register has no part to be asked for: its count may be repeated.
  void disbelieved(const modbus::ReadRequest& wanted, const modbus::ReadRequest& asked, std::uint16_t crc,
                   SteadyTime now);
  // The next answer carried on from it: it was ours.
  void confirmed(const modbus::ReadRequest& asked, SteadyTime now);
  // The controller refused with this exception. True: to be asked once more, perhaps with fewer registers
  // that are not wanted, as the exception may be about those, or somebody else's: it names no registers.
  bool refused(const modbus::ReadRequest& wanted, const modbus::ReadRequest& asked, std::uint8_t exception,
               SteadyTime now);

  // An answer that was not taken for anything.
  Stray heard_answer(std::uint8_t unit_id, std::uint16_t count, std::uint16_t crc, SteadyTime now);
  // Somebody else asks.
  void heard_request(std::uint8_t unit_id, std::uint16_t count, SteadyTime now);

  // Whether the unit may still answer, or refuse, an earlier request.
  bool owes(std::uint8_t unit_id, SteadyTime now) const;

 private:
  struct Count {
    SteadyTime rests_until{};    // better another one until then
    SteadyTime blocked_until{};  // never before then: a response of ours may still come
    SteadyTime foreign_until{};  // never before then: another master or client requests this count
    SteadyTime last_stray{};
    std::uint16_t crc = 0;  // of the last answer
    bool owed = false;      // a request was not answered, as far as is known
    bool answered = false;  // `crc` is one
  };
  // How far beyond the wanted registers a controller has answered.
  struct Growth {
    std::uint16_t proven = 0;  // the largest count that was answered
    std::uint16_t limit = 0;   // the largest count to ask until `limited_until`
    SteadyTime limited_until{};
    std::uint16_t suspect = 0;        // not answered; it is not known yet whether that was why
    int strikes = 0;                  // how often in a row it probably was,
    std::uint16_t least_suspect = 0;  // and for which count at the least
    bool refuses = false;             // its last answer was an exception
    std::uint16_t repeated =
        0;  // a count that is free from `repeat_from` on, whatever response may still come
    SteadyTime repeat_from{};
  };
  using Wanted = std::pair<std::uint16_t, std::uint16_t>;  // first, count
  struct Unit {
    std::array<Count, modbus::registers_per_request_max + 1> counts;
    std::map<Wanted, Growth> growths;
    SteadyTime next_trial{};  // of a count that was never answered
  };

  Unit& unit(std::uint8_t unit_id);
  static Growth& growth(Unit& unit, const modbus::ReadRequest& wanted);
  static void limit(Growth& grows, const modbus::ReadRequest& wanted, std::uint16_t count, SteadyTime now);
  void block(const modbus::ReadRequest& wanted, const modbus::ReadRequest& asked, SteadyTime now);
  static SteadyTime free_at(const Unit& unit, const Growth& growth, std::uint16_t count);
  static std::uint16_t best_count(const Unit& unit, const Growth& growth, std::uint16_t least,
                                  std::uint16_t most, SteadyTime now);

  std::map<std::uint8_t, std::unique_ptr<Unit>> units_;
};

}  // namespace gensetd::link
