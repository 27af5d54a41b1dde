#pragma once

#include <boost/system/error_code.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gensetd::poller {

// Why a request got no valid response, as named in metrics and logs.
enum class ErrorKind : std::uint8_t {
  name_not_found,
  connect_timeout,
  connect_failed,
  address_refused,
  connection_lost,
  no_answer,
  exception,
  broken_answer,
  foreign_answer,
  wrong_transaction,
  wrong_length,
  wrong_protocol,
  indistinguishable,
  no_descriptor,
  other,
};
inline constexpr std::size_t error_kind_count = static_cast<std::size_t>(ErrorKind::other) + 1;

ErrorKind error_kind(const boost::system::error_code& error);  // must be an error
std::string_view word(ErrorKind kind);

// How often each kind occurred.
class ErrorCounts {
 public:
  void note(const boost::system::error_code& error) {
    ++counts_[static_cast<std::size_t>(error_kind(error))];
  }
  std::uint64_t operator[](ErrorKind kind) const { return counts_[static_cast<std::size_t>(kind)]; }
  ErrorCounts& operator+=(const ErrorCounts& other);

 private:
  std::array<std::uint64_t, error_kind_count> counts_{};
};

}  // namespace gensetd::poller
