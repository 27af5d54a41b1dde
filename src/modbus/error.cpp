#include "modbus/error.hpp"

#include <string>

namespace gensetd::modbus {
namespace {

class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "modbus"; }

  std::string message(int value) const override {
    switch (static_cast<ResponseError>(value)) {
      case ResponseError::exception_response:
        return "the controller refused the request";
      case ResponseError::damaged_response:
        return "damaged response (wrong CRC)";
      case ResponseError::foreign_response:
        return "the response to another request";
      case ResponseError::wrong_transaction:
        return "the response carries another transaction id";
      case ResponseError::wrong_length:
        return "the response has another number of registers";
      case ResponseError::wrong_protocol:
        return "the peer speaks the other protocol";
    }
    return "unknown Modbus error";
  }
};

}  // namespace

boost::system::error_code make_error_code(ResponseError error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

std::string_view exception_name(std::uint8_t code) {
  switch (code) {
    case 1:
      return "illegal function";
    case 2:
      return "illegal data address";
    case 3:
      return "illegal data value";
    case 4:
      return "server device failure";
    case 5:
      return "acknowledge";
    case 6:
      return "server device busy";
    case 8:
      return "memory parity error";
    case 10:
      return "gateway path unavailable";
    case 11:
      return "gateway target device failed to respond";
    default:
      return "unknown exception";
  }
}

}  // namespace gensetd::modbus
