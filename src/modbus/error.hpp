#pragma once

#include <boost/system/error_code.hpp>

#include <cstdint>
#include <string_view>

namespace gensetd::modbus {

// What can be wrong with a response, judged by its bytes alone.
enum class ResponseError {
  exception_response = 1,  // the controller refused the request with a Modbus exception; the line works
  damaged_response,        // RTU: a frame that begins like the response and has a wrong CRC, or stray bytes
  foreign_response,        // a valid frame that is the response to another request
  wrong_transaction,       // TCP: a response with another transaction id than its request
  wrong_length,            // TCP: a response with our transaction id and another number of registers
  wrong_protocol,          // the bytes use the other framing (RTU on a TCP port, or the reverse)
};

boost::system::error_code make_error_code(ResponseError error);

// The standard's name of an exception code, for example 2: "illegal data address" (V1.1b3, 7); otherwise
// "unknown exception".
std::string_view exception_name(std::uint8_t code);

}  // namespace gensetd::modbus

namespace boost::system {
template <>
struct is_error_code_enum<gensetd::modbus::ResponseError> : std::true_type {};
}  // namespace boost::system
