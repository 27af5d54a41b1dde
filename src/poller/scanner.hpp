#pragma once

#include "link/link.hpp"
#include "poller/identity_reader.hpp"
#include "poller/reader.hpp"
#include "poller/scan_result.hpp"
#include "profile/profile.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::poller {

// What a scan requests.
struct ScanPlan {
  std::string host;
  std::uint16_t port = 502;
  std::vector<std::uint8_t> units;
  std::vector<modbus::Protocol> protocols;    // in the order in which they are tried
  std::vector<profile::ProfilePtr> profiles;  // by name, at least one
  std::chrono::milliseconds timeout{500};
  SteadyTime deadline = SteadyTime::max();  // then it ends with what was found so far
  // After a request it leaves the line alone for as long as the request took, at most this long: devices on
  // the line are polled meanwhile.
  std::chrono::milliseconds pause_max{0};
};

// Whether a unit id exists in a protocol (serial line guide V1.02, 2.2).
bool is_unit_of(modbus::Protocol protocol, std::uint8_t unit_id);

// Requests a register of one unit after the other on the connection of `links`, first in one protocol, then
// in the other, and compares the register maps with the units that respond. The response of one unit proves
// the protocol, because a peer uses only one. It only reads. Use: construct; await run(); take result(). Used
// on the context's thread only.
class Scanner {
 public:
  using ShowProgress = std::function<void(std::string_view)>;  // an empty text: it has ended

  // All arguments outlive it.
  Scanner(boost::asio::io_context& context, link::Pool& links, const ScanPlan& plan,
          ShowProgress show_progress = {});

  boost::asio::awaitable<void> run();

  // Completes the result before run() has ended, for a scan that is abandoned.
  void end();

  ScanResult& result() { return result_; }

 private:
  boost::asio::awaitable<bool> run_in(modbus::Protocol protocol);
  boost::asio::awaitable<ReadResult> probe_unit(const DeviceAddress& address);
  boost::asio::awaitable<void> match_profiles(const DeviceAddress& address, ScannedUnit& unit);
  boost::asio::awaitable<ProfileMatch> match(const DeviceAddress& address, profile::ProfilePtr profile,
                                             RangeAnswers& answers);
  boost::asio::awaitable<ReadResult> read(const DeviceAddress& address, const profile::ProfilePtr& profile,
                                          modbus::ReadRequest range);
  bool stops();
  void check_foreign_traffic();
  void show_progress(std::string_view text);

  boost::asio::io_context& context_;
  link::Pool& links_;
  const ScanPlan& plan_;
  ShowProgress show_progress_;
  std::shared_ptr<link::Link> link_;  // keeps the connection open between two readers
  ScanResult result_;
};

}  // namespace gensetd::poller
