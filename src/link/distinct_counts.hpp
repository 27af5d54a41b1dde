#pragma once

#include "link/transaction.hpp"
#include "modbus/read_request.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <tuple>

namespace gensetd::link {

// What an answer is that nobody waited for.
enum class Stray : std::uint8_t { late, doubled, foreign };

// Chooses how many registers a request asks for, so that the register count tells its response from every
// other response that may still arrive. An RTU response names neither its request nor its registers, and a
// gateway may put an earlier response under the transaction id of a later request. So a read is made some
// registers longer than wanted whenever the wanted count could be mistaken. One for each connection; it
// survives reconnects, as the buffers of converters and gateways do. No clock of its own: `now` never goes
// back.
class DistinctCounts {
 public:
  // Among which responses the count must be unique.
  enum class Scope : std::uint8_t {
    unit,        // serial line: a response names its unit. Counts rest for a time
    connection,  // gateway: a response may come under another unit's request. Counts take turns: the one that
                 // was used longest ago is next, however long that is
  };
  explicit DistinctCounts(Scope scope) : scope_(scope) {}

  // Of how many counts a read of a gateway with several units makes use, so that a response which is up to
  // seven requests late has another count.
  static constexpr std::uint16_t turns_of_gateway = 8;

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
  // What to ask for `wanted`, and from when on: not later than `now` when at once. Where others request every
  // count that it could have, the one that they used longest ago; the request is empty when there is only
  // one.
  struct Choice {
    std::optional<modbus::ReadRequest> request;
    SteadyTime not_before;
    bool must_agree = false;  // others request this count too: a second response must agree with the first
  };
  // `turns`: with Scope::connection, how many counts take turns.
  Choice choose(const modbus::ReadRequest& wanted, const Room& room, SteadyTime now, std::uint16_t turns = 1);

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

  // How long ago the newest request with this unit id and count was sent; 0: there was none.
  std::chrono::nanoseconds age(std::uint8_t unit_id, std::uint16_t count, SteadyTime now) const;

  // Whether the unit may still answer, or refuse, an earlier request.
  bool owes(std::uint8_t unit_id, SteadyTime now) const;

 private:
  struct Count {
    SteadyTime rests_until{};    // better another one until then
    SteadyTime blocked_until{};  // never before then: a response of ours may still come
    SteadyTime foreign_until{};  // never before then: another master or client requests this count
    SteadyTime last_stray{};
    std::uint64_t used = 0;   // number of the newest request with this count; 0: none
    std::uint16_t first = 0;  // its first register
    SteadyTime sent_at{};     // of that request
    std::uint16_t crc = 0;    // of the last answer
    bool owed = false;        // a request was not answered, as far as is known
    bool answered = false;    // `crc` is one
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
  // What is known of longer reads of one unit id, over all its reads.
  struct Trials {
    int strikes = 0;             // longer reads without response in a row, each answered when it was shorter
    SteadyTime limited_until{};  // only counts that were answered until then
  };
  using Wanted = std::tuple<std::uint8_t, std::uint16_t, std::uint16_t>;  // unit id, first, count
  // The requests whose responses must differ: of one unit id, or of a whole connection.
  struct Unit {
    std::array<Count, modbus::registers_per_request_max + 1> counts;
    std::map<Wanted, Growth> growths;
    std::map<std::uint8_t, Trials> trials;  // by unit id
    SteadyTime next_trial{};                // of a count that was never answered
    std::uint64_t requests = 0;             // numbers them
    bool has_foreign = false;               // others were noticed that ask this unit
  };

  Unit& unit(std::uint8_t unit_id);
  static Growth& growth(Unit& unit, const modbus::ReadRequest& wanted);
  static void limit(Growth& grows, const modbus::ReadRequest& wanted, std::uint16_t count, SteadyTime now);
  static void note_trial(Trials& trials, const Growth& grows, const modbus::ReadRequest& wanted,
                         const modbus::ReadRequest& asked, SteadyTime now);
  void block(const modbus::ReadRequest& wanted, const modbus::ReadRequest& asked, SteadyTime now);
  std::uint16_t next_turn(const Unit& unit, const Growth& growth, const modbus::ReadRequest& wanted,
                          std::uint16_t most, std::uint16_t turns, SteadyTime now) const;
  static SteadyTime free_at(const Unit& unit, const Growth& growth, std::uint16_t count);
  static SteadyTime proven_free_at(const Unit& unit, const Growth& growth, const modbus::ReadRequest& wanted);
  static Choice choose_foreign(const Unit& unit, const modbus::ReadRequest& wanted, const Room& room,
                               std::uint16_t most, SteadyTime now);
  static std::uint16_t best_count(const Unit& unit, const Growth& growth, std::uint16_t least,
                                  std::uint16_t most, SteadyTime now);

  Scope scope_;
  std::map<std::uint8_t, std::unique_ptr<Unit>> units_;  // with Scope::connection: one, under 0
};

// The wanted registers among those that `asked` brought.
inline std::span<const std::uint8_t> wanted_of(const modbus::ReadRequest& wanted,
                                               const modbus::ReadRequest& asked,
                                               std::span<const std::uint8_t> registers) {
  return registers.subspan(2U * static_cast<std::size_t>(wanted.first - asked.first), 2U * wanted.count);
}

}  // namespace gensetd::link
