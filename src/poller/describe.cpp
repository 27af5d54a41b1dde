#include "poller/describe.hpp"

#include "link/error.hpp"
#include "modbus/error.hpp"
#include "profile/words.hpp"
#include "text/host_port.hpp"

#include <boost/system/errc.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>
#include <string_view>
#include <vector>

namespace gensetd::poller {
namespace {

using std::chrono::milliseconds;

// "120..135", "input 500".
std::string range(modbus::Function table, unsigned first, unsigned count) {
  const std::string_view prefix = profile::table_prefix(table);
  return count == 1 ? fmt::format("{}{}", prefix, first)
                    : fmt::format("{}{}..{}", prefix, first, first + count - 1);
}

// "2.0 s", "0.25 s": at least one decimal, no more than needed.
std::string seconds(milliseconds time) {
  std::string text = fmt::format("{:.3f}", static_cast<double>(time.count()) / 1000.0);
  while (text.ends_with('0') && text[text.size() - 2] != '.') text.pop_back();
  return text + " s";
}

std::string exception(std::uint8_t code) {
  return fmt::format("{} (exception {})", modbus::exception_name(code), code);
}

// What an exception means at a site, and what to do (V1.1b3, 7). Empty where the name is sufficient.
std::string advice_on_exception(std::uint8_t code, modbus::Function function) {
  switch (code) {
    case 0x01:
      return fmt::format("; it does not support function {}: {}", modbus::code_of(function),
                         function == modbus::Function::holding_registers
                             ? "gensetd cannot read this controller"
                             : "check the profile");
    case 0x02:
      return "; it has no such registers: check the profile";
    case 0x03:
      return "; it does not return this many registers at once: check the profile";
    case 0x04:
      return "; it failed while reading them: try again, then check the controller itself";
    case 0x05:
    case 0x06:
      return "; it is busy with another task: try again";
    case 0x0A:
      return "; the converter has no path to this unit: check its settings";
    case 0x0B:
      return "; the converter works, but the controller behind it does not respond: check unit id, wiring, "
             "baud rate and parity";
    default:
      return "";
  }
}

// The page chooses its advice by these words (web/src/lib/connection-test.ts).
std::string no_answer_within(milliseconds timeout, const std::string& requested) {
  return fmt::format("no answer within {} to read {}", seconds(timeout), requested);
}

// A recent late response of the unit, which explains a missing one. Empty: none.
std::string late_answer(const link::Outcome& outcome) {
  if (outcome.observed.late.count() == 0) return {};
  return fmt::format("; an earlier request was answered after {}: raise MODBUS_TIMEOUT",
                     seconds(outcome.observed.late));
}

std::string no_answer(const DeviceAddress& address, const link::Outcome& outcome,
                      const std::string& requested, milliseconds timeout) {
  const std::string late = late_answer(outcome);
  if (!late.empty()) return no_answer_within(timeout, requested) + late;
  const std::string_view advice =
      address.protocol == modbus::Protocol::tcp
          ? "the port is open: check the unit id, whether the protocol is tcp, and the wiring behind a "
            "converter"
          : "the port is open: check the unit id, wiring, baud rate and parity, and whether the protocol is "
            "rtu_over_tcp";
  return fmt::format("{}; {}", no_answer_within(timeout, requested), advice);
}

std::string wrong_transaction(const link::Outcome& outcome, const std::string& requested) {
  return fmt::format(
      "responds with transaction id {} instead of {} to read {}; the controller or gateway does not return "
      "the transaction id: update its firmware, or use rtu_over_tcp if the gateway has a transparent mode",
      outcome.observed.transaction_id.value_or(0), outcome.observed.own_transaction_id, requested);
}

std::string_view items_of(const link::Outcome& outcome) {
  return modbus::reads_bits(outcome.request.function) ? "bits" : "registers";
}

// What a response with another length contains. Of bits the frame tells the number of bytes only.
std::string other_length(const link::Outcome& outcome, const std::string& requested) {
  const unsigned returned = outcome.observed.register_count.value_or(0);
  const unsigned wanted = outcome.observed.own_register_count;
  if (modbus::reads_bits(outcome.request.function) && returned == (wanted + 7) / 8 * 8)
    return fmt::format(
        "returned bits other than 0 behind the last one to read {}; a controller that does not clear them "
        "needs a block with a multiple of 8 bits",
        requested);
  return fmt::format("returned {} {} instead of {} to read {}", returned, items_of(outcome), wanted,
                     requested);
}

std::string wrong_length(const link::Outcome& outcome, const std::string& requested) {
  return fmt::format(
      "{}; either the controller returns fewer {} than requested: check the profile, or the gateway is one "
      "response behind: raise its timeout",
      other_length(outcome, requested), items_of(outcome));
}

// Bytes were received, but no frame.
std::string broken_answer(const DeviceAddress& address, const std::string& requested) {
  if (address.protocol == modbus::Protocol::tcp)
    return fmt::format(
        "received bytes that are not Modbus TCP instead of the answer to read {}; check the port, and the "
        "protocol: behind a converter in transparent mode it is rtu_over_tcp",
        requested);
  return fmt::format(
      "wrong CRC in the answer to read {}; check baud rate, parity, wiring and termination, or the converter "
      "is in another mode (Modbus TCP, or not transparent)",
      requested);
}

// Valid frames were received, but no response to the request.
std::string foreign_answer(const DeviceAddress& address, const link::Outcome& outcome,
                           const std::string& requested, milliseconds timeout) {
  if (!outcome.other_unit && outcome.observed.late.count() != 0)
    return no_answer_within(timeout, requested) + late_answer(outcome);
  if (!outcome.other_unit && outcome.observed.register_count)
    return fmt::format(
        "{}; either the controller returns fewer {} than requested: check the profile, or this is the "
        "response to another master on the line, or to another client of the converter",
        other_length(outcome, requested), items_of(outcome));
  if (!outcome.other_unit && address.protocol == modbus::Protocol::tcp)
    return fmt::format(
        "received only responses to other requests within {} to read {}; look for another client "
        "of the gateway",
        seconds(timeout), requested);
  if (!outcome.other_unit)
    return fmt::format(
        "received only answers to other masters' requests within {} to read {}; look for another master on "
        "the line, or another client of the converter",
        seconds(timeout), requested);
  if (address.protocol == modbus::Protocol::tcp)
    return fmt::format("unit {} answered instead to read {}; check the unit id", *outcome.other_unit,
                       requested);
  return fmt::format(
      "unit {} answered instead to read {}; check the unit id, or look for another master on the line",
      *outcome.other_unit, requested);
}

std::string wrong_protocol(modbus::Protocol requested) {
  return requested == modbus::Protocol::tcp
             ? "responds in Modbus RTU to a Modbus TCP request; set protocol to "
               "rtu_over_tcp, or the converter to Modbus TCP"
             : "responds in Modbus TCP to a Modbus RTU request; set protocol to tcp, or the "
               "converter to transparent mode";
}

// The result of a request that was sent or was to be sent.
std::string describe_request(const DeviceAddress& address, const link::Outcome& outcome,
                             milliseconds timeout) {
  const std::string requested = range(outcome.request.function, outcome.request.first, outcome.request.count);
  const auto& error = outcome.error;
  if (error == link::Error::no_response) return no_answer(address, outcome, requested, timeout);
  if (error == link::Error::connection_lost)
    return fmt::format(
        "the connection was closed before the answer to read {}; another client may hold it, or the protocol "
        "is not {}",
        requested, address.protocol == modbus::Protocol::tcp ? "tcp" : "rtu_over_tcp");
  if (error == link::Error::indistinguishable &&
      modbus::is_ambiguous_on_serial_line(outcome.request.function, outcome.request.count))
    return fmt::format(
        "did not request {}: on a serial line a response with {} to {} bits is as long as a request; read "
        "fewer or more",
        requested, modbus::ambiguous_bits_min, modbus::ambiguous_bits_max);
  if (error == link::Error::indistinguishable)
    return fmt::format(
        "did not request {}: another master requests every register count of this unit that gensetd could "
        "use, so the responses could not be distinguished; stop the other master or the other client of the "
        "converter",
        requested);
  if (error == link::Error::not_repeated)
    return fmt::format(
        "did not repeat the request to read {}: its response could be mistaken for a late one; it is read in "
        "the next cycle",
        requested);
  if (error == link::Error::suspect_responses)
    return fmt::format(
        "the responses to read {} remained suspect because other frames or stray bytes followed them; look "
        "for another master on the line or another client of the converter, and check termination",
        requested);
  if (error == modbus::ResponseError::exception_response)
    return fmt::format("refuses to read {}: {}{}", requested, exception(outcome.exception),
                       advice_on_exception(outcome.exception, outcome.request.function));
  if (error == modbus::ResponseError::damaged_response) return broken_answer(address, requested);
  if (error == modbus::ResponseError::foreign_response)
    return foreign_answer(address, outcome, requested, timeout);
  if (error == modbus::ResponseError::wrong_transaction) return wrong_transaction(outcome, requested);
  if (error == modbus::ResponseError::wrong_length) return wrong_length(outcome, requested);
  if (error == modbus::ResponseError::wrong_protocol) return wrong_protocol(address.protocol);
  return fmt::format("{} (read {})", error.message(), requested);
}

// The system's reason for a failed connection attempt, in lower case like the rest of the text.
std::string reason(const link::Outcome& outcome) {
  std::string text = outcome.cause ? outcome.cause.message() : outcome.error.message();
  if (text.size() > 1 && text[1] >= 'a')
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

// Why no connection could be made, connect(2) and ip(7), and what to do.
std::string connect_failed(const link::Outcome& outcome) {
  namespace errc = boost::system::errc;
  std::string why = reason(outcome);
  if (outcome.cause == errc::connection_refused)
    return why +
           "; the host is reachable, but nothing listens on this port: check the port, and that the "
           "converter is a TCP server";
  if (outcome.cause == errc::host_unreachable)
    return why + "; no host responds at this address: check the address, power and cable";
  if (outcome.cause == errc::network_unreachable)
    return why + "; this machine has no route to that network: check its own address, gateway and cable";
  if (outcome.cause == errc::operation_not_permitted || outcome.cause == errc::permission_denied)
    return why + "; a firewall on this machine blocks the connection";
  return why;
}

}  // namespace

std::string describe(const DeviceAddress& address, const link::Outcome& outcome, milliseconds timeout) {
  if (outcome.observed.waited.count() != 0) timeout = outcome.observed.waited;
  const std::string where = text::print_host_port(address.host, address.port);
  if (outcome.error == link::Error::name_not_found)
    return fmt::format("{}: the host name has no address ({}); check the name, or give the IP address", where,
                       reason(outcome));
  if (outcome.error == link::Error::connect_timeout)
    return fmt::format("{}: no connection within {}; check address, power, cable and firewalls", where,
                       seconds(timeout));
  if (outcome.error == link::Error::connect_failed)
    return fmt::format("{}: {}", where, connect_failed(outcome));
  if (outcome.error == link::Error::no_descriptor)
    return fmt::format("{}: {}; raise its limit of open files (LimitNOFILE of the service, ulimit -n)", where,
                       outcome.error.message());
  if (outcome.error == link::Error::loopback_not_allowed || outcome.error == link::Error::address_not_allowed)
    return fmt::format("{}: {}; check the address", where, outcome.error.message());
  return fmt::format("{} unit {}: {}", where, address.unit_id, describe_request(address, outcome, timeout));
}

std::string describe_unexpected(const DeviceAddress& address, std::string_view error) {
  return fmt::format("{} unit {}: the cycle failed because of an error inside gensetd ({}); see the log",
                     text::print_host_port(address.host, address.port), address.unit_id, error);
}

std::string describe(const DeviceAddress& address, const profile::Profile& profile,
                     const MissingBlocks& missing) {
  const auto named = [&](std::uint16_t index) {
    const profile::Block& block = profile.blocks[index];
    return fmt::format("{} ({})", block.name, range(block.table, block.address, block.count));
  };
  std::vector<std::string> parts;
  parts.reserve(missing.refused.size() + 1);
  for (const RefusedBlock& entry : missing.refused)
    parts.push_back(fmt::format("{}{}: {}", parts.empty() ? "refuses " : "", named(entry.block),
                                exception(entry.exception)));
  if (!missing.unread.empty()) {
    std::vector<std::string> names;
    names.reserve(missing.unread.size());
    for (const std::uint16_t block : missing.unread) names.push_back(named(block));
    parts.push_back(fmt::format("returned no data for {} in the last {} attempts", fmt::join(names, ", "),
                                OptionalBlocks::failures_max));
  }
  if (parts.empty()) return {};
  return fmt::format("{} unit {}: {}", text::print_host_port(address.host, address.port), address.unit_id,
                     fmt::join(parts, ", "));
}

}  // namespace gensetd::poller
