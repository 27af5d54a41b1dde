#include "commands/scan_command.hpp"

#include "commands/foreign_traffic.hpp"
#include "commands/scan_report.hpp"
#include "poller/connection_test.hpp"
#include "profile/words.hpp"
#include "registry/types.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

namespace gensetd::commands {
namespace {

namespace asio = boost::asio;
using modbus::Protocol;

// Requests a register of one unit after the other on one connection, first in one protocol, then in the
// other. The response of one unit proves the protocol, because a peer uses only one.
class Scanner {
 public:
  Scanner(asio::io_context& context, const ScanJob& job, std::ostream* progress)
      : context_(context), job_(job), progress_(progress), links_(context) {}

  asio::awaitable<void> run() {
    for (const Protocol protocol : job_.protocols) {
      // On a new connection: on the old one the peer may still wait for the rest of a frame.
      link_.reset();
      link_ = links_.get(job_.host, job_.port);
      const bool is_over = co_await run_in(protocol);
      if (is_over) break;
    }
    end();
  }

  void end() {
    check_foreign_traffic();
    show_progress({});
  }

  ScanResult& result() { return result_; }

 private:
  // True when the other protocol need not be tried.
  asio::awaitable<bool> run_in(Protocol protocol) {
    bool is_proven = false;
    result_.units_requested = 0;
    for (const std::uint8_t unit_id : job_.units) {
      if (!is_unit_of(protocol, unit_id)) continue;
      ++result_.units_requested;
      show_progress(fmt::format("{} unit {} \u2026", profile::to_word(protocol), unit_id));
      poller::DeviceAddress address{
          .host = job_.host, .port = job_.port, .unit_id = unit_id, .protocol = protocol};
      const poller::ReadResult read = co_await probe_unit(address);
      ScannedUnit unit{
          .unit_id = unit_id, .protocol = protocol, .outcome = outcome_of(read), .error = read.error};
      if (unit.outcome == ProbeOutcome::no_connection) {
        result_.error = read.error;
        co_return true;
      }
      if (unit.outcome == ProbeOutcome::other_protocol) co_return false;
      is_proven = is_proven || proves_protocol(unit.outcome);
      if (unit.outcome == ProbeOutcome::registers) unit.matches = co_await match_profiles(address);
      if (unit.outcome != ProbeOutcome::no_response && unit.outcome != ProbeOutcome::unit_unavailable)
        result_.units.push_back(std::move(unit));
    }
    check_foreign_traffic();
    co_return is_proven;
  }

  // Reads the probe registers of the register maps until a unit responds.
  asio::awaitable<poller::ReadResult> probe_unit(const poller::DeviceAddress& address) {
    poller::ReadResult read;
    std::vector<modbus::TableAddress> addresses;
    for (const profile::ProfilePtr& profile : job_.profiles) {
      if (std::ranges::find(addresses, profile->probe) != addresses.end()) continue;
      addresses.push_back(profile->probe);
      poller::Reader reader(context_, links_, address, profile, job_.timeout);
      read = co_await reader.read_range(poller::connection_test_range(*profile));
      if (outcome_of(read) != ProbeOutcome::no_response) break;
    }
    co_return read;
  }

  asio::awaitable<std::vector<ProfileMatch>> match_profiles(const poller::DeviceAddress& address) {
    std::vector<ProfileMatch> matches;
    for (const profile::ProfilePtr& profile : job_.profiles) {
      show_progress(fmt::format("{} unit {}: is it {}? \u2026", profile::to_word(address.protocol),
                                address.unit_id, profile->name));
      poller::Reader reader(context_, links_, address, profile, job_.timeout);
      const poller::ReadResult read = co_await reader.read_all();
      matches.push_back(match_profile(*profile, read));
    }
    sort_matches(matches);
    co_return matches;
  }

  void check_foreign_traffic() {
    if (!link_ || !result_.foreign_traffic.empty()) return;
    result_.foreign_traffic = foreign_traffic_warning(link_->conversation());
  }

  // Replaces the previous text; an empty text clears the line.
  void show_progress(const std::string& text) {
    if (progress_ != nullptr) *progress_ << "\r\033[K" << text << std::flush;  // ECMA-48: erase in line
  }

  asio::io_context& context_;
  const ScanJob& job_;
  std::ostream* progress_;
  link::Pool links_;
  std::shared_ptr<link::Link> link_;  // keeps the connection open between two readers
  ScanResult result_;
};

ScanResult scan(const ScanJob& job, std::ostream* progress) {
  asio::io_context context{1};
  Scanner scanner(context, job, progress);
  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](boost::system::error_code aborted, int) {
    if (aborted) return;
    scanner.result().stopped = true;
    scanner.end();
    context.stop();
  });
  asio::co_spawn(context, scanner.run(), [&](const std::exception_ptr& failed) {
    if (failed) std::rethrow_exception(failed);
    context.stop();
  });
  context.run();
  return std::move(scanner.result());
}

}  // namespace

int scan_command(const ScanOptions& options, std::ostream& out, std::ostream& errors, bool progress) {
  spdlog::set_level(spdlog::level::off);  // this command prints its own errors
  try {
    const ScanJob job = job_of(options);
    const ScanResult result = scan(job, progress ? &errors : nullptr);
    out << (job.json ? scan_json(job, result) : scan_table(job, result)) << std::flush;
    const std::string failure = scan_failure(job, result);
    if (!failure.empty()) errors << failure << std::endl;
    return has_controller(result) ? 0 : 1;
  } catch (const std::exception& error) {
    errors << "gensetd scan: " << error.what() << std::endl;
    return 2;
  }
}

}  // namespace gensetd::commands
