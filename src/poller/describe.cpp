#include "poller/describe.hpp"

#include "link/error.hpp"
#include "modbus/error.hpp"

#include <fmt/format.h>

#include <cctype>
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

std::string wrong_protocol(modbus::Protocol asked) {
  return asked == modbus::Protocol::tcp ? "answers in Modbus RTU to Modbus TCP; set protocol to "
                                          "rtu_over_tcp, or the converter to Modbus TCP"
                                        : "answers in Modbus TCP to Modbus RTU; set protocol to tcp, or the "
                                          "converter to transparent mode";
}

std::string what(const Address& address, const link::Outcome& outcome, milliseconds timeout) {
  const std::string asked = range(outcome.request.first, outcome.request.count);
  const auto& error = outcome.error;
  const std::string within = seconds(timeout);
  if (error == link::Error::no_answer) return fmt::format("no answer within {} to read {}", within, asked);
  if (error == link::Error::connection_lost)
    return fmt::format("the connection was closed before the answer to read {}", asked);
  if (error == modbus::Error::exception_answer)
    return fmt::format("refuses to read {}: {}", asked, exception(outcome.exception));
  if (error == modbus::Error::broken_answer)
    return fmt::format("wrong CRC in the answer to read {}; check wiring, baud rate and termination", asked);
  if (error == modbus::Error::foreign_answer)
    return fmt::format("only answers to others' requests came within {} to read {}", within, asked);
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

}  // namespace

std::string host_and_port(std::string_view host, std::uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string_view::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string describe(const Address& address, const link::Outcome& outcome, milliseconds timeout) {
  const std::string where = host_and_port(address.host, address.port);
  if (outcome.error == link::Error::name_not_found)
    return fmt::format("{}: the host name has no address ({}); check ip_address", where, reason(outcome));
  if (outcome.error == link::Error::connect_timeout)
    return fmt::format("{}: no connection within {}; check address, power and network", where,
                       seconds(timeout));
  if (outcome.error == link::Error::connect_failed) return fmt::format("{}: {}", where, reason(outcome));
  return fmt::format("{} unit {}: {}", where, address.unit_id, what(address, outcome, timeout));
}

std::string describe(const Address& address, const profile::Profile& profile,
                     const std::vector<RefusedBlock>& refused) {
  if (refused.empty()) return {};
  std::string text =
      fmt::format("{} unit {}: refuses", host_and_port(address.host, address.port), address.unit_id);
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
