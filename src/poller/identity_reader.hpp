#pragma once

#include "modbus/raw_values.hpp"
#include "poller/reader.hpp"
#include "profile/identity.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <vector>

namespace gensetd::poller {

// What one controller responded to ranges of registers. Each range is requested once.
struct RangeAnswers {
  modbus::RawValues registers;
  std::vector<profile::UnreadRange> unread;

  bool contains(const modbus::ReadRequest& range) const;
  void add(const modbus::ReadRequest& range, const ReadResult& read);
};

// Why a read brought no values, behind the name of a register: "is refused (exception 2)".
profile::UnreadRange unread_range(const modbus::ReadRequest& range, const ReadResult& read);

struct ControllerIdentity {
  std::optional<profile::Identity> identity;  // empty: the profile has no rules
  std::optional<std::string> firmware;        // empty: unknown, or it is another model
};

// Reads the registers that tell the model, as far as `answers` do not contain them, and evaluates them.
boost::asio::awaitable<ControllerIdentity> read_identity(Reader& reader, profile::ProfilePtr profile,
                                                         RangeAnswers& answers);

}  // namespace gensetd::poller
