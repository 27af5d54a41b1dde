#include "poller/error_kind.hpp"

#include "link/error.hpp"
#include "modbus/error.hpp"

namespace gensetd::poller {
namespace {

ErrorKind kind_of(link::Error error) {
  switch (error) {
    case link::Error::name_not_found:
      return ErrorKind::name_not_found;
    case link::Error::connect_timeout:
      return ErrorKind::connect_timeout;
    case link::Error::connect_failed:
      return ErrorKind::connect_failed;
    case link::Error::connection_lost:
      return ErrorKind::connection_lost;
    case link::Error::no_response:
      return ErrorKind::no_answer;
    case link::Error::indistinguishable:
    case link::Error::not_repeated:
      return ErrorKind::indistinguishable;
    case link::Error::suspect_responses:
      return ErrorKind::foreign_answer;
    case link::Error::loopback_not_allowed:
    case link::Error::address_not_allowed:
      return ErrorKind::address_refused;
    case link::Error::no_descriptor:
      return ErrorKind::no_descriptor;
  }
  return ErrorKind::other;
}

ErrorKind kind_of(modbus::ResponseError error) {
  switch (error) {
    case modbus::ResponseError::exception_response:
      return ErrorKind::exception;
    case modbus::ResponseError::damaged_response:
      return ErrorKind::broken_answer;
    case modbus::ResponseError::foreign_response:
      return ErrorKind::foreign_answer;
    case modbus::ResponseError::wrong_transaction:
      return ErrorKind::wrong_transaction;
    case modbus::ResponseError::wrong_length:
      return ErrorKind::wrong_length;
    case modbus::ResponseError::wrong_protocol:
      return ErrorKind::wrong_protocol;
  }
  return ErrorKind::other;
}

}  // namespace

ErrorKind error_kind(const boost::system::error_code& error) {
  if (error.category() == link::make_error_code(link::Error::no_response).category())
    return kind_of(static_cast<link::Error>(error.value()));
  if (error.category() == modbus::make_error_code(modbus::ResponseError::damaged_response).category())
    return kind_of(static_cast<modbus::ResponseError>(error.value()));
  return ErrorKind::other;
}

std::string_view word(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::name_not_found:
      return "name_not_found";
    case ErrorKind::connect_timeout:
      return "connect_timeout";
    case ErrorKind::connect_failed:
      return "connect_failed";
    case ErrorKind::address_refused:
      return "address_refused";
    case ErrorKind::connection_lost:
      return "connection_lost";
    case ErrorKind::no_answer:
      return "no_answer";
    case ErrorKind::exception:
      return "exception";
    case ErrorKind::broken_answer:
      return "broken_answer";
    case ErrorKind::foreign_answer:
      return "foreign_answer";
    case ErrorKind::wrong_transaction:
      return "wrong_transaction";
    case ErrorKind::wrong_length:
      return "wrong_length";
    case ErrorKind::wrong_protocol:
      return "wrong_protocol";
    case ErrorKind::indistinguishable:
      return "indistinguishable";
    case ErrorKind::no_descriptor:
      return "no_descriptor";
    case ErrorKind::other:
      break;
  }
  return "other";
}

ErrorCounts& ErrorCounts::operator+=(const ErrorCounts& other) {
  for (std::size_t kind = 0; kind < error_kind_count; ++kind) counts_[kind] += other.counts_[kind];
  return *this;
}

}  // namespace gensetd::poller
