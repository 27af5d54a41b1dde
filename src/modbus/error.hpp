#pragma once

#include <boost/system/error_code.hpp>

#include <cstdint>
#include <string_view>

namespace gensetd::modbus {

// What can be wrong with an exchange, seen from the bytes alone.
enum class Error {
  exception_answer = 1,  // the controller answered with a Modbus exception: an answer, not a broken line
  broken_answer,         // a frame at the right place whose CRC is wrong
  foreign_answer,        // a well-formed frame that answers another request
  wrong_transaction,     // TCP: responses carry another transaction id than their request
  wrong_length,          // TCP: a response with our transaction id has another number of registers
  wrong_protocol,        // the bytes are those of the other framing (RTU on a TCP port, or the reverse)
};

boost::system::error_code make_error_code(Error error);

// The standard's name of an exception code, e.g. 2: "illegal data address" (V1.1b3, 7); "unknown exception"
// otherwise.
std::string_view exception_name(std::uint8_t code);

}  // namespace gensetd::modbus

namespace boost::system {
template <>
struct is_error_code_enum<gensetd::modbus::Error> : std::true_type {};
}  // namespace boost::system
