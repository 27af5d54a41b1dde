#pragma once

#include "link/transaction.hpp"
#include "modbus/read_request.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace gensetd::link {

// What a response is that belongs to no pending request.
enum class UnexpectedResponse : std::uint8_t { late, doubled, foreign };

// Chooses the size of a request's response (ReadRequest::size()) so that it distinguishes the response from
// every other response that may still arrive. An RTU response names neither its request nor its registers,
// and a gateway may put an earlier response under the transaction id of a later request. A response names its
// function, so the sizes of each function are chosen by themselves. A read is made some registers, or bytes
// of bits, longer than wanted if the wanted size is ambiguous. "Count" below is such a size. One for each
// connection; it survives reconnects, as the buffers of converters and gateways do. No clock: `now` never
// goes back.
class DistinctCounts {
 public:
  // Among which responses the count must be unique.
  enum class Scope : std::uint8_t {
    unit,  // serial line: a response names its unit and function. A count is not used again for some time
    connection,  // gateway: a response may come under another unit's request. Counts rotate: the one that
                 // was used longest ago is next, however long that is
  };
  explicit DistinctCounts(Scope scope) : scope_(scope) {}

  // How many counts rotate for a read through a gateway with several units, so that a response that is up
  // to seven requests late has another count.
  static constexpr std::uint16_t rotation_of_gateway = 8;

  // A response may arrive this late: longer than any delay seen at sites, which was seconds. Until then its
  // count is never requested from its unit, for whatever registers.
  static constexpr std::chrono::seconds late_response_max{10};
  // While another count is available, a count rests this long after a request without a response,
  static constexpr std::chrono::seconds rest_without_response{60};
  // and this long after a response, as a copy of it may follow.
  static constexpr std::chrono::seconds rest_after_response{5};
  // The shortest rest, if no other count is available: copies follow at once or seldom.
  static constexpr std::chrono::milliseconds rest_min{500};
  // How long the counts that other masters use are remembered.
  static constexpr std::chrono::minutes foreign_memory{10};
  // The request to send for `wanted`, and the earliest time: `now` or earlier means at once. If other masters
  // use every possible count, the one that they used longest ago; no request if only one count is possible.
  struct Choice {
    std::optional<modbus::ReadRequest> request;
    SteadyTime not_before;
    bool must_agree = false;  // others use this count: two responses must agree
  };
  // `rotation`: with Scope::connection, how many counts rotate.
  Choice choose(const modbus::ReadRequest& wanted, const ExtensionRange& range, SteadyTime now,
                std::uint16_t rotation = 1);

  // With Scope::connection: whether one of the last few requests was for such a response, so a gateway that
  // is out of step may still return that one.
  bool is_recent(const modbus::ReadRequest& request) const;

  // As choose() for fewer registers than wanted, to confirm a response; none if no such count is free now.
  std::optional<modbus::ReadRequest> choose_part(const modbus::ReadRequest& wanted, SteadyTime now);

  // Events of `request`, which choose() returned for `wanted`.
  void sent(const modbus::ReadRequest& wanted, const modbus::ReadRequest& request, SteadyTime now);
  void accepted(const modbus::ReadRequest& wanted, const modbus::ReadRequest& request, std::uint16_t crc,
                SteadyTime now);
  void no_response(const modbus::ReadRequest& wanted, const modbus::ReadRequest& request, SteadyTime now);
  // A response arrived and is unconfirmed: if it was another master's, ours may still arrive. A single
  // register cannot be read in part, so its count may be used again soon.
  void unconfirmed_response(const modbus::ReadRequest& wanted, const modbus::ReadRequest& request,
                            std::uint16_t crc, SteadyTime now);
  // The next response continued it: it was ours.
  void confirmed(const modbus::ReadRequest& request, SteadyTime now);
  // The controller refused with this exception. Returns true if the read must be requested again, perhaps
  // with fewer unwanted registers: the exception may concern those, or another request, because it names no
  // registers.
  bool refused(const modbus::ReadRequest& wanted, const modbus::ReadRequest& request, std::uint8_t exception,
               SteadyTime now);

  // Classifies a response that belongs to no pending request.
  UnexpectedResponse classify_unexpected(const modbus::ResponseHead& response, std::uint16_t crc,
                                         SteadyTime now);
  // Another master sent a request.
  void record_foreign_request(const modbus::ResponseHead& response, SteadyTime now);

  // The time since the newest request for such a response; 0: there was none.
  std::chrono::nanoseconds age(const modbus::ResponseHead& response, SteadyTime now) const;

  // Whether the unit may still respond to, or refuse, an earlier request with this function.
  bool may_still_respond(std::uint8_t unit_id, modbus::Function function, SteadyTime now) const;

 private:
  struct Count {
    SteadyTime rests_until{};    // until then another count is preferred
    SteadyTime blocked_until{};  // not used until then: one of our responses may still arrive
    SteadyTime foreign_until{};  // not used until then: another master or client uses this count
    SteadyTime last_stray{};
    std::uint64_t used = 0;        // number of the newest request with this count; 0: none
    std::uint16_t first = 0;       // its first register
    SteadyTime sent_at{};          // of that request
    std::uint16_t crc = 0;         // of the last response
    bool awaits_response = false;  // a request got no response so far
    bool has_crc = false;          // `crc` is set
  };
  // How much beyond the wanted registers or bits a controller responds with.
  struct ReadExtension {
    std::uint16_t proven = 0;  // the largest count that got a response
    std::uint16_t limit = 0;   // the largest count to request until `limited_until`
    SteadyTime limited_until{};
    std::uint16_t suspect = 0;  // the last count without a response, which may have been the reason; 0: none
    int strikes = 0;            // how often in a row it probably was the reason,
    std::uint16_t least_suspect = 0;  // and the smallest such count
    bool refuses = false;             // its last response was an exception
    std::uint16_t repeated =
        0;  // a count that is free from `repeat_from` on, whatever response may still come
    SteadyTime repeat_from{};
  };
  // What is known about longer reads of one unit id, over all its reads with a function.
  struct LongerReads {
    int strikes = 0;             // longer reads in a row without a response, while shorter ones got one
    SteadyTime limited_until{};  // until then only counts that got a response are used
  };
  using Wanted = std::tuple<std::uint8_t, std::uint16_t, std::uint16_t>;  // unit id, first, count
  // The requests with one function whose responses must differ: of one unit id, or of a whole connection.
  struct Unit {
    explicit Unit(modbus::Function function) : counts(modbus::size_max(function) + 1U) {}

    std::vector<Count> counts;  // by size
    std::map<Wanted, ReadExtension> extensions;
    std::map<std::uint8_t, LongerReads> longer_reads;  // by unit id
    SteadyTime next_longer_read_at{};                  // when a count that never got a response may be tried
    std::uint64_t requests = 0;                        // the number of the newest one
    bool has_foreign = false;                          // other masters use this unit
  };

  Unit& unit(std::uint8_t unit_id, modbus::Function function);
  Unit& unit(const modbus::ReadRequest& request) { return unit(request.unit_id, request.function); }
  const Unit* find_unit(std::uint8_t unit_id, modbus::Function function) const;

  static bool is_recent(const Unit& unit, std::uint16_t count);
  static ReadExtension& extension_of(Unit& unit, const modbus::ReadRequest& wanted);
  static void limit(ReadExtension& extension, const modbus::ReadRequest& wanted, std::uint16_t count,
                    SteadyTime now);
  static void record_longer_read(LongerReads& longer_reads, const ReadExtension& extension,
                                 const modbus::ReadRequest& wanted, const modbus::ReadRequest& request,
                                 SteadyTime now);
  void block(const modbus::ReadRequest& wanted, const modbus::ReadRequest& request, SteadyTime now);
  std::uint16_t next_in_rotation(const Unit& unit, const ReadExtension& extension,
                                 const modbus::ReadRequest& wanted, std::uint16_t most,
                                 std::uint16_t rotation, SteadyTime now) const;
  static SteadyTime free_at(const Unit& unit, const ReadExtension& extension, std::uint16_t count);
  static SteadyTime proven_free_at(const Unit& unit, const ReadExtension& extension,
                                   const modbus::ReadRequest& wanted);
  static Choice choose_foreign(const Unit& unit, const modbus::ReadRequest& wanted,
                               const ExtensionRange& range, std::uint16_t most, SteadyTime now);
  static std::uint16_t best_count(const Unit& unit, const ReadExtension& extension, std::uint16_t least,
                                  std::uint16_t most, SteadyTime now);

  Scope scope_;
  std::map<std::pair<std::uint8_t, modbus::Function>, std::unique_ptr<Unit>>
      units_;  // with Scope::connection: one for each function, under unit 0
};

// The wanted registers or bits in the response to `request`. Bits begin at whole bytes: see DistinctCounts.
// Behind the wanted bits, the last byte may contain others.
inline std::span<const std::uint8_t> wanted_of(const modbus::ReadRequest& wanted,
                                               const modbus::ReadRequest& request,
                                               std::span<const std::uint8_t> data) {
  const std::size_t before =
      static_cast<std::size_t>(wanted.first - request.first) / modbus::addresses_per_item(wanted.function);
  return data.subspan(before * modbus::bytes_per_item(wanted.function), wanted.byte_count());
}

}  // namespace gensetd::link
