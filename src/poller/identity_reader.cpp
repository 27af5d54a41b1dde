#include "poller/identity_reader.hpp"

#include "link/error.hpp"
#include "link/retry_policy.hpp"
#include "modbus/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gensetd::poller {
namespace {

namespace asio = boost::asio;
using modbus::ReadRequest;

asio::awaitable<void> read_range(Reader& reader, ReadRequest range, RangeAnswers& answers) {
  if (answers.contains(range)) co_return;
  ReadResult read = co_await reader.read_range(range);
  // One lost response must not decide about the model.
  if (read.failure && link::follow_up(*read.failure) != link::FollowUp::refuse)
    read = co_await reader.read_range(range);
  answers.add(range, read);
}

}  // namespace

bool RangeAnswers::contains(const ReadRequest& range) const {
  if (std::ranges::find(unread, range, &profile::UnreadRange::range) != unread.end()) return true;
  for (std::uint32_t offset = 0; offset < range.count; ++offset) {
    if (!registers.contains({range.function, static_cast<std::uint16_t>(range.first + offset)})) return false;
  }
  return true;
}

void RangeAnswers::add(const ReadRequest& range, const ReadResult& read) {
  if (!read.error.empty()) return unread.push_back(unread_range(range, read));
  for (const auto& [place, raw] : read.registers) registers[place] = raw;
}

profile::UnreadRange unread_range(const ReadRequest& range, const ReadResult& read) {
  profile::UnreadRange unread{.range = range, .why = "was not read"};
  if (!read.failure) return unread;  // the line was busy
  if (read.failure->error == modbus::ResponseError::exception_response) {
    unread.why = fmt::format("is refused (exception {})", read.failure->exception);
    unread.is_refused = link::follow_up(*read.failure) == link::FollowUp::refuse;
  } else if (read.failure->error == link::Error::no_response) {
    unread.why = "was not answered";
  }
  return unread;
}

asio::awaitable<ControllerIdentity> read_identity(Reader& reader, profile::ProfilePtr profile,
                                                  RangeAnswers& answers) {
  ControllerIdentity found;
  for (const ReadRequest& range : profile::identity_ranges(*profile, reader.address().protocol))
    co_await read_range(reader, range, answers);
  found.identity = profile::evaluate_identity(*profile, answers.registers, answers.unread);
  // Registers of another model mean something else.
  if (found.identity && found.identity->verdict != profile::IdentityVerdict::match) co_return found;
  if (const auto range = profile::firmware_range(*profile)) co_await read_range(reader, *range, answers);
  found.firmware = profile::firmware_of(*profile, answers.registers);
  co_return found;
}

}  // namespace gensetd::poller
