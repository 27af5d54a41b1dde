#include "app/scan_command.hpp"

#include "app/others_on_line.hpp"
#include "app/scan_report.hpp"
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

namespace gensetd::app {
namespace {

namespace asio = boost::asio;
using modbus::Protocol;

// Asks one unit after the other on one connection, first in one protocol, then in the other. The answer of
// one unit proves which protocol it is, as a peer speaks one alone.
class Scanner {
 public:
  Scanner(asio::io_context& context, const ScanJob& job, std::ostream* progress)
      : context_(context), job_(job), progress_(progress), links_(context) {}

  asio::awaitable<void> run() {
    for (const Protocol protocol : job_.protocols) {
      // On a new connection: the peer may still wait for the rest of a frame on the old one.
      link_.reset();
      link_ = links_.get(job_.host, job_.port);
      const bool is_over = co_await run_in(protocol);
      if (is_over) break;
    }
    end();
  }

  void end() {
    listen_to_others();
    say({});
  }

  ScanResult& result() { return result_; }

 private:
  // True when nothing is to be learned from the other protocol.
  asio::awaitable<bool> run_in(Protocol protocol) {
    bool is_proven = false;
    result_.asked = 0;
    for (const std::uint8_t unit_id : job_.units) {
      if (!is_unit_of(protocol, unit_id)) continue;
      ++result_.asked;
      say(fmt::format("{} unit {} \u2026", registry::to_word(protocol), unit_id));
      poller::Address address{.host = job_.host, .port = job_.port, .unit_id = unit_id, .protocol = protocol};
      const poller::ReadResult read = co_await ask_for_life(address);
      ScannedUnit unit{
          .unit_id = unit_id, .protocol = protocol, .heard = heard_of(read), .error = read.error};
      if (unit.heard == Heard::nobody) {
        result_.error = read.error;
        co_return true;
      }
      if (unit.heard == Heard::other_protocol) co_return false;
      is_proven = is_proven || is_proof_of_protocol(unit.heard);
      if (unit.heard == Heard::registers) unit.fits = co_await try_profiles(address);
      if (unit.heard != Heard::silence && unit.heard != Heard::no_unit)
        result_.units.push_back(std::move(unit));
    }
    listen_to_others();
    co_return is_proven;
  }

  // Reads the status register that the maps name; another map's where one stays silent.
  asio::awaitable<poller::ReadResult> ask_for_life(const poller::Address& address) {
    poller::ReadResult read;
    std::vector<std::uint16_t> asked;
    for (const profile::ProfilePtr& profile : job_.profiles) {
      if (std::ranges::find(asked, profile->probe_address) != asked.end()) continue;
      asked.push_back(profile->probe_address);
      poller::Reader reader(context_, links_, address, profile, job_.timeout);
      const modbus::ReadRequest status{.first = profile->probe_address, .count = 1};
      read = co_await reader.read_range(status);
      if (heard_of(read) != Heard::silence) break;
    }
    co_return read;
  }

  asio::awaitable<std::vector<Fit>> try_profiles(const poller::Address& address) {
    std::vector<Fit> fits;
    for (const profile::ProfilePtr& profile : job_.profiles) {
      say(fmt::format("{} unit {}: is it {}? \u2026", registry::to_word(address.protocol), address.unit_id,
                      profile->name));
      poller::Reader reader(context_, links_, address, profile, job_.timeout);
      const poller::ReadResult read = co_await reader.read_all();
      fits.push_back(judge(*profile, read));
    }
    rank(fits);
    co_return fits;
  }

  void listen_to_others() {
    if (!link_ || !result_.others.empty()) return;
    result_.others = others_on_line(link_->conversation());
  }

  // Over the last one; nothing: clears it.
  void say(const std::string& text) {
    if (progress_ != nullptr) *progress_ << "\r\033[K" << text << std::flush;  // ECMA-48: erase in line
  }

  asio::io_context& context_;
  const ScanJob& job_;
  std::ostream* progress_;
  link::Pool links_;
  std::shared_ptr<link::Link> link_;  // keeps the connection between two readers
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
  spdlog::set_level(spdlog::level::off);  // all there is to say is said here
  try {
    const ScanJob job = job_of(options);
    const ScanResult result = scan(job, progress ? &errors : nullptr);
    out << (job.json ? scan_json(job, result) : scan_table(job, result)) << std::flush;
    const std::string failure = scan_failure(job, result);
    if (!failure.empty()) errors << failure << std::endl;
    return is_something_there(result) ? 0 : 1;
  } catch (const std::exception& error) {
    errors << "gensetd scan: " << error.what() << std::endl;
    return 2;
  }
}

}  // namespace gensetd::app
