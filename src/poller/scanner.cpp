#include "poller/scanner.hpp"

#include "link/error.hpp"
#include "modbus/rtu_frame.hpp"
#include "poller/connection_test.hpp"
#include "poller/foreign_traffic.hpp"
#include "profile/words.hpp"
#include "supervision/use_tuple.hpp"

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace gensetd::poller {
namespace {

namespace asio = boost::asio;
using modbus::Protocol;
using modbus::ReadRequest;

// A unit that refuses one register may have another.
bool may_have_others(ProbeOutcome outcome) {
  return outcome == ProbeOutcome::no_response || outcome == ProbeOutcome::exception;
}

bool is_silence(const ReadResult& read) {
  return !read.failure || read.failure->error == link::Error::no_response;
}

}  // namespace

bool is_unit_of(Protocol protocol, std::uint8_t unit_id) {
  return protocol == Protocol::tcp || (unit_id >= 1 && unit_id <= modbus::rtu_unit_max);
}

Scanner::Scanner(asio::io_context& context, link::Pool& links, const ScanPlan& plan,
                 ShowProgress show_progress)
    : context_(context), links_(links), plan_(plan), show_progress_(std::move(show_progress)) {}

asio::awaitable<void> Scanner::run() {
  for (const Protocol protocol : plan_.protocols) {
    // On a new connection: on the old one the peer may still wait for the rest of a frame.
    link_.reset();
    link_ = links_.get(plan_.host, plan_.port);
    const bool is_over = co_await run_in(protocol);
    if (is_over) break;
  }
  end();
}

void Scanner::end() {
  check_foreign_traffic();
  show_progress({});
}

// True when the other protocol need not be tried.
asio::awaitable<bool> Scanner::run_in(Protocol protocol) {
  bool is_proven = false;
  result_.units_requested = 0;
  for (const std::uint8_t unit_id : plan_.units) {
    if (!is_unit_of(protocol, unit_id)) continue;
    if (stops()) co_return true;
    ++result_.units_requested;
    show_progress(fmt::format("{} unit {} \u2026", profile::to_word(protocol), unit_id));
    const DeviceAddress address{
        .host = plan_.host, .port = plan_.port, .unit_id = unit_id, .protocol = protocol};
    const ReadResult probed = co_await probe_unit(address);
    ScannedUnit unit{
        .unit_id = unit_id, .protocol = protocol, .outcome = outcome_of(probed), .error = probed.error};
    if (unit.outcome == ProbeOutcome::no_connection) {
      result_.error = probed.error;
      co_return true;
    }
    if (unit.outcome == ProbeOutcome::other_protocol) co_return false;
    if (result_.first_failure.empty() && !is_silence(probed) && unit.outcome != ProbeOutcome::registers)
      result_.first_failure = probed.error;
    is_proven = is_proven || proves_protocol(unit.outcome);
    if (unit.outcome == ProbeOutcome::registers) co_await match_profiles(address, unit);
    if (unit.outcome != ProbeOutcome::no_response && unit.outcome != ProbeOutcome::unit_unavailable)
      result_.units.push_back(std::move(unit));
  }
  check_foreign_traffic();
  co_return is_proven;
}

// Reads the probe registers of the register maps until a unit responds with registers. A unit that refuses
// them is also requested for the registers that tell the model.
asio::awaitable<ReadResult> Scanner::probe_unit(const DeviceAddress& address) {
  std::optional<ReadResult> best;
  std::vector<ReadRequest> requested;
  for (const bool by_identity : {false, true}) {
    for (const profile::ProfilePtr& profile : plan_.profiles) {
      std::vector<ReadRequest> ranges{connection_test_range(*profile)};
      if (by_identity) ranges = profile::identity_ranges(*profile, address.protocol);
      for (const ReadRequest& range : ranges) {
        if (std::ranges::find(requested, range) != requested.end()) continue;
        requested.push_back(range);
        ReadResult read = co_await this->read(address, profile, range);
        const ProbeOutcome outcome = outcome_of(read);
        if (!best || outcome != ProbeOutcome::no_response) best = std::move(read);
        if (!may_have_others(outcome)) co_return std::move(*best);
      }
    }
    if (outcome_of(*best) != ProbeOutcome::exception) break;
  }
  co_return std::move(*best);
}

asio::awaitable<void> Scanner::match_profiles(const DeviceAddress& address, ScannedUnit& unit) {
  RangeAnswers answers;
  for (const profile::ProfilePtr& profile : plan_.profiles) {
    if (stops()) break;
    show_progress(fmt::format("{} unit {}: is it {}? \u2026", profile::to_word(address.protocol),
                              address.unit_id, profile->name));
    ProfileMatch found = co_await match(address, profile, answers);
    // At the deadline the read was given up.
    if (found.confidence == MatchConfidence::no_match && stops()) break;
    unit.matches.push_back(std::move(found));
  }
  sort_matches(unit.matches);
}

// The registers that tell the model come first: a unit of another model is not read any further.
asio::awaitable<ProfileMatch> Scanner::match(const DeviceAddress& address, profile::ProfilePtr profile,
                                             RangeAnswers& answers) {
  Reader reader(context_, links_, address, profile, plan_.timeout);
  reader.end_by(plan_.deadline);
  const ControllerIdentity controller = co_await read_identity(reader, profile, answers);
  if (controller.identity && controller.identity->verdict != profile::IdentityVerdict::match)
    co_return match_without_values(*profile, *controller.identity);
  const ReadResult all = co_await reader.read_all();
  ProfileMatch match = match_profile(*profile, all);
  if (controller.identity) confirm_by_identity(match, *controller.identity);
  if (controller.firmware) add_firmware(match, *controller.firmware);
  co_return match;
}

asio::awaitable<ReadResult> Scanner::read(const DeviceAddress& address, const profile::ProfilePtr& profile,
                                          ReadRequest range) {
  Reader reader(context_, links_, address, profile, plan_.timeout);
  reader.end_by(plan_.deadline);
  ReadResult read = co_await reader.read_range(range);
  const auto pause = std::min<std::chrono::nanoseconds>(read.took, plan_.pause_max);
  if (pause.count() > 0 && !stops()) {
    asio::steady_timer timer(context_, pause);
    [[maybe_unused]] const auto [failed] = co_await timer.async_wait(supervision::use_tuple);
  }
  co_return read;
}

// Called while something is left to do.
bool Scanner::stops() {
  if (std::chrono::steady_clock::now() >= plan_.deadline) result_.stopped = true;
  return result_.stopped;
}

void Scanner::check_foreign_traffic() {
  if (!link_ || !result_.foreign_traffic.empty()) return;
  result_.foreign_traffic = foreign_traffic_warning(link_->conversation());
}

void Scanner::show_progress(std::string_view text) {
  if (show_progress_) show_progress_(text);
}

}  // namespace gensetd::poller
