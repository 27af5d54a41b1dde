#include "poller/describe.hpp"

#include "link/error.hpp"
#include "modbus/error.hpp"
#include "text/host_port.hpp"

#include <boost/system/errc.hpp>
#include <fmt/format.h>

#include <cctype>
#include <string_view>
#include <vector>

namespace gensetd::poller {
namespace {

using std::chrono::milliseconds;

std::string range(unsigned first, unsigned count) {
  return count == 1 ? fmt::format("{}", first) : fmt::format("{}..{}", first, first + count - 1);
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

// What an exception means at a site, and what to do (V1.1b3, 7). Empty where the name says it.
std::string_view advice_on_exception(std::uint8_t code) {
  switch (code) {
    case 0x01:
      return "; it does not know function 3: this is no controller that gensetd can read";
    case 0x02:
      return "; it has no such registers: check the profile";
    case 0x03:
      return "; it does not give so many registers at once: check the profile";
    case 0x04:
      return "; it failed while it read them: try again, then look at the controller itself";
    case 0x05:
    case 0x06:
      return "; it is at work on something longer: try again";
    case 0x0A:
      return "; the converter has no way to this unit: check its settings";
    case 0x0B:
      return "; the converter lives, the controller behind it does not answer: check unit id, wiring, baud "
             "rate and parity";
    default:
      return "";
  }
}

// What was seen of the unit lately that explains a missing response. Empty: nothing.
std::string late_answer(const link::Outcome& outcome) {
  if (outcome.seen.late.count() == 0) return {};
  return fmt::format("; an earlier request was answered after {}: raise MODBUS_TIMEOUT",
                     seconds(outcome.seen.late));
}

std::string no_answer(const Address& address, const link::Outcome& outcome, const std::string& asked,
                      milliseconds timeout) {
  const std::string late = late_answer(outcome);
  if (!late.empty()) return fmt::format("no answer within {} to read {}{}", seconds(timeout), asked, late);
  const std::string_view advice =
      address.protocol == modbus::Protocol::tcp
          ? "the port is open: check the unit id, whether the protocol is tcp, and the wiring behind a "
            "converter"
          : "the port is open: check the unit id, wiring, baud rate and parity, and whether the protocol is "
            "rtu_over_tcp";
  return fmt::format("no answer within {} to read {}; {}", seconds(timeout), asked, advice);
}

std::string wrong_transaction(const link::Outcome& outcome, const std::string& asked) {
  return fmt::format(
      "answers as transaction {} instead of {} to read {}; the controller or gateway does not return the "
      "transaction id: update its firmware, or use rtu_over_tcp if the gateway has a transparent mode",
      outcome.seen.transaction_id.value_or(0), outcome.seen.own_transaction_id, asked);
}

std::string wrong_length(const link::Outcome& outcome, const std::string& asked) {
  return fmt::format(
      "returned {} registers instead of {} to read {}; either the controller returns fewer registers than "
      "requested: check the profile, or the gateway is one response behind: raise its timeout",
      outcome.seen.register_count.value_or(0), outcome.seen.own_register_count, asked);
}

// Bytes came, but no frame.
std::string broken_answer(const Address& address, const std::string& asked) {
  if (address.protocol == modbus::Protocol::tcp)
    return fmt::format(
        "bytes that are no Modbus TCP came instead of the answer to read {}; check the port, and the "
        "protocol: behind a converter in transparent mode it is rtu_over_tcp",
        asked);
  return fmt::format(
      "wrong CRC in the answer to read {}; check baud rate, parity, wiring and termination, or the converter "
      "is in another mode (Modbus TCP, or not transparent)",
      asked);
}

// Good frames came, but none that answers.
std::string foreign_answer(const Address& address, const link::Outcome& outcome, const std::string& asked,
                           milliseconds timeout) {
  if (!outcome.other_unit && outcome.seen.late.count() != 0)
    return fmt::format("no answer within {} to read {}{}", seconds(timeout), asked, late_answer(outcome));
  if (!outcome.other_unit && outcome.seen.register_count)
    return fmt::format(
        "returned {} registers instead of {} to read {}; either the controller returns fewer registers than "
        "requested: check the profile, or this is the response to another master on the line, or to another "
        "client of the converter",
        *outcome.seen.register_count, outcome.seen.own_register_count, asked);
  if (!outcome.other_unit && address.protocol == modbus::Protocol::tcp)
    return fmt::format(
        "only responses to other requests came within {} to read {}; look for another client "
        "of the gateway",
        seconds(timeout), asked);
  if (!outcome.other_unit)
    return fmt::format(
        "only answers to others' requests came within {} to read {}; look for another master on the line, or "
        "another client of the converter",
        seconds(timeout), asked);
  if (address.protocol == modbus::Protocol::tcp)
    return fmt::format("unit {} answered instead to read {}; check the unit id", *outcome.other_unit, asked);
  return fmt::format(
      "unit {} answered instead to read {}; check the unit id, or look for another master on the line",
      *outcome.other_unit, asked);
}

std::string wrong_protocol(modbus::Protocol asked) {
  return asked == modbus::Protocol::tcp ? "answers in Modbus RTU to Modbus TCP; set protocol to "
                                          "rtu_over_tcp, or the converter to Modbus TCP"
                                        : "answers in Modbus TCP to Modbus RTU; set protocol to tcp, or the "
                                          "converter to transparent mode";
}

// What came of a request that was sent, or was to be.
std::string what(const Address& address, const link::Outcome& outcome, milliseconds timeout) {
  const std::string asked = range(outcome.request.first, outcome.request.count);
  const auto& error = outcome.error;
  if (error == link::Error::no_answer) return no_answer(address, outcome, asked, timeout);
  if (error == link::Error::connection_lost)
    return fmt::format(
        "the connection was closed before the answer to read {}; another client may hold it, or the protocol "
        "is not {}",
        asked, address.protocol == modbus::Protocol::tcp ? "tcp" : "rtu_over_tcp");
  if (error == link::Error::indistinguishable)
    return fmt::format(
        "not asked to read {}: another master asks this unit for every count of registers that ours could "
        "have, so answers could not be told apart; stop the other master or the other client of the "
        "converter",
        asked);
  if (error == link::Error::not_repeated)
    return fmt::format(
        "not asked again to read {}: a response could have been mistaken for a late one; it is read in the "
        "next cycle",
        asked);
  if (error == link::Error::doubtful)
    return fmt::format(
        "the responses to read {} remained doubtful, as other frames or stray bytes followed them; look for "
        "another master on the line or another client of the converter, and check termination",
        asked);
  if (error == modbus::Error::exception_answer)
    return fmt::format("refuses to read {}: {}{}", asked, exception(outcome.exception),
                       advice_on_exception(outcome.exception));
  if (error == modbus::Error::broken_answer) return broken_answer(address, asked);
  if (error == modbus::Error::foreign_answer) return foreign_answer(address, outcome, asked, timeout);
  if (error == modbus::Error::wrong_transaction) return wrong_transaction(outcome, asked);
  if (error == modbus::Error::wrong_length) return wrong_length(outcome, asked);
  if (error == modbus::Error::wrong_protocol) return wrong_protocol(address.protocol);
  return fmt::format("{} (read {})", error.message(), asked);
}

// The system's reason for a connection that could not be made, in small letters like the rest.
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
           "; the address is there, but nothing listens on this port: check the port, and that the "
           "converter is a TCP server";
  if (outcome.cause == errc::host_unreachable)
    return why + "; nobody has this address: check the address, power and cable";
  if (outcome.cause == errc::network_unreachable)
    return why + "; this machine has no way to that network: check its own address, gateway and cable";
  if (outcome.cause == errc::operation_not_permitted || outcome.cause == errc::permission_denied)
    return why + "; a firewall of this machine forbids it";
  return why;
}

}  // namespace

std::string describe(const Address& address, const link::Outcome& outcome, milliseconds timeout) {
  if (outcome.seen.waited.count() != 0) timeout = outcome.seen.waited;
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
  return fmt::format("{} unit {}: {}", where, address.unit_id, what(address, outcome, timeout));
}

std::string describe_unexpected(const Address& address, std::string_view error) {
  return fmt::format("{} unit {}: the cycle ended by an error inside gensetd ({}); see the log",
                     text::print_host_port(address.host, address.port), address.unit_id, error);
}

std::string describe(const Address& address, const profile::Profile& profile,
                     const std::vector<RefusedBlock>& refused) {
  if (refused.empty()) return {};
  std::string text =
      fmt::format("{} unit {}: refuses", text::print_host_port(address.host, address.port), address.unit_id);
  const char* separator = " ";
  for (const RefusedBlock& entry : refused) {
    const profile::Block& block = profile.blocks[entry.block];
    text += fmt::format("{}{} ({}): {}", separator, block.name, range(block.address, block.count),
                        exception(entry.exception));
    separator = ", ";
  }
  return text;
}

}  // namespace gensetd::poller
