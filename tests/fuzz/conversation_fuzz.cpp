#include "conversation_peer.hpp"
#include "link/error.hpp"
#include "modbus/error.hpp"

#include <boost/asio/error.hpp>
#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <fuzzer/FuzzedDataProvider.h>
#include <memory>
#ifdef GENSETD_FUZZ
#include <sanitizer/allocator_interface.h>
#endif
#include <utility>
#include <variant>

using namespace gensetd;
using namespace gensetd::fuzz;
using link::Outcome;
using modbus::Protocol;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// Only a sanitizer counts them.
std::size_t allocated_bytes() {
#ifdef GENSETD_FUZZ
  return __sanitizer_get_current_allocated_bytes();
#else
  return 0;
#endif
}

constexpr std::size_t requesters_max = 4;
constexpr std::size_t outstanding_max = 24;
constexpr std::size_t completed_max = 32;
constexpr std::size_t memory_max = std::size_t{16} << 20;  // 256 units with the largest state of each
constexpr int actions_at_once_max = 1'000;

struct PendingRead {
  ReadRequest wanted;
  std::uint64_t number = 0;  // of the last request before it was submitted
};

// The conversation identifies a requester by its address, so one that withdrew is replaced by a new object.
struct Requester final : link::TransactionHandler {
  void finished(const Outcome&) override {}
  std::vector<PendingRead> outstanding;
  std::vector<ReadRequest> completed;
};

// One conversation from its first event to its end. The events are drawn from the input.
class ConversationScenario {
 public:
  ConversationScenario(const std::uint8_t* data, std::size_t size) : in_(data, size) {
    for (auto& requester : requesters_) requester = std::make_unique<Requester>();
    const int kind = in_.ConsumeIntegralInRange(0, 3);
    serial_ = kind % 2 == 1;
    gateway_ = kind == 2;
    peer_.serial = serial_;
    peer_.gateway = gateway_;
    counts_requests_ = in_.ConsumeBool();
    transaction_.protocol = serial_ ? Protocol::rtu_over_tcp : Protocol::tcp;
    transaction_.timeout = milliseconds{in_.PickValueInArray({50, 200, 1'000, 2'000, 60'000})};
    transaction_.request_gap = milliseconds{serial_ ? in_.PickValueInArray({0, 5, 50}) : 0};
    transaction_.requests_in_flight = in_.ConsumeIntegralInRange<std::uint16_t>(1, 4);
    if (serial_) {
      transaction_.extension = {
          .first = 0, .end = addresses, .limit = in_.PickValueInArray<std::uint16_t>({0, 4, 36, 125})};
    }
    if (gateway_) {
      peer_.forgets_when_closed = in_.ConsumeBool();
      transaction_.extension = {
          .first = 0,
          .end = addresses,
          .limit = in_.ConsumeBool() ? modbus::registers_per_request_max : std::uint16_t{36}};
    }
  }

  void run() {
    if (gateway_) use_two_units();
    while (in_.remaining_bytes() > 0) {
      event();
      check_bounds();
    }
    end();
  }

 private:
  // With TRACE=1 in the environment each step is printed.
  template <class... Values>
  void print(const char* format, const Values&... values) const {
    if (!printed_) return;
    const auto time =
        std::chrono::duration_cast<milliseconds>(now_.time_since_epoch()) - std::chrono::hours{1};
    fmt::print(stderr, "{:>8} ms  {}\n", time.count(), fmt::format(fmt::runtime(format), values...));
  }

  void event() {
    const int kind = in_.ConsumeIntegralInRange(0, 19);
    print("event {}", kind);
    switch (kind) {
      case 0:
      case 1:
      case 2:
        return submit();
      case 3:
        return withdraw();
      case 4:
      case 5:
        return in_.ConsumeBool() ? open() : connection_fails();
      case 6:
        return peer_closes();
      case 7:
        return peer_acts(&FuzzedPeer::respond_later);
      case 8:
      case 9:
      case 10:
        return peer_acts(&FuzzedPeer::respond_now);
      case 11:
        return pass_on(in_.ConsumeIntegralInRange<std::size_t>(1, 300));
      case 12:
        return peer_acts(&FuzzedPeer::copy_last);
      case 13:
        return peer_acts(&FuzzedPeer::refuse);
      case 14:
        return peer_acts(&FuzzedPeer::damage);
      case 15:
        return peer_acts(serial_ ? &FuzzedPeer::foreign_frame : &FuzzedPeer::stray_frame);
      case 16:
        return peer_acts(&FuzzedPeer::stray_bytes);
      case 17:
        return peer_acts(in_.ConsumeBool() ? &FuzzedPeer::forge : &FuzzedPeer::raw_bytes);
      case 18:
        return stall();
      default:
        return advance();
    }
  }

  // --- The program's side ---

  // After responses of two unit ids the conversation knows that there is a gateway.
  void use_two_units() {
    for (const std::uint8_t unit_id : {std::uint8_t{1}, std::uint8_t{2}})
      submit(*requesters_[unit_id],
             {.unit_id = unit_id, .function = modbus::Function::holding_registers, .first = 0, .count = 10});
  }

  void submit() {
    Requester& requester = *requesters_[in_.ConsumeIntegralInRange<std::size_t>(0, requesters_max - 1)];
    if (outstanding() >= outstanding_max) return;
    const auto unit_id = in_.ConsumeIntegralInRange<std::uint8_t>(1, 3);
    const auto first = in_.ConsumeIntegralInRange<std::uint16_t>(0, 8);
    const auto count = in_.PickValueInArray<std::uint16_t>({1, 2, 3, 4, 10, 36, 120});
    submit(requester, {.unit_id = unit_id,
                       .function = modbus::Function::holding_registers,
                       .first = first,
                       .count = count});
  }

  void submit(Requester& requester, const ReadRequest& request) {
    transaction_.request = request;
    // The end of one of two equal reads could not be attributed.
    if (std::ranges::count(requester.outstanding, transaction_.request, &PendingRead::wanted) != 0) return;
    requester.outstanding.push_back({transaction_.request, number_});
    print("submit {}:{}+{}", transaction_.request.unit_id, transaction_.request.first,
          transaction_.request.count);
    conversation_.submit(requester, transaction_);
    pump();
  }

  void withdraw() {
    auto& requester = requesters_[in_.ConsumeIntegralInRange<std::size_t>(0, requesters_max - 1)];
    print("withdraw");
    conversation_.withdraw(*requester);
    requester = std::make_unique<Requester>();
    // The conversation does not report the end of the withdrawn requests.
    peer_.mark_all_uncertain();
    pump();
  }

  void pump() {
    int actions = 0;
    for (;;) {
      check(++actions < actions_at_once_max);
      const link::Action action = conversation_.next(now_);
      if (const auto* wait = std::get_if<link::Wait>(&action)) return waits(*wait);
      if (const auto* report = std::get_if<link::Report>(&action)) {
        process_report(*report);
      } else if (const auto* suspect = std::get_if<link::ReportSuspect>(&action)) {
        process_suspect(*suspect);
      } else if (const auto* send = std::get_if<link::Send>(&action)) {
        sent(*send);
      } else if (const auto* connect = std::get_if<link::Connect>(&action)) {
        check(!conversation_.connected() && !connect_deadline_ && outstanding() > 0);
        check(connect->timeout == transaction_.timeout);
        print("connect");
        connect_deadline_ = now_ + connect->timeout;
      } else {
        check(conversation_.connected());
        print("close");
        conversation_.closed({}, now_);
        connection_ended();
      }
    }
  }

  void waits(const link::Wait& wait) {
    if (wait.until != wake_)
      print("wait until {} ms",
            std::chrono::duration_cast<milliseconds>(wait.until.time_since_epoch()) / milliseconds{1} -
                3'600'000);
    check(wait.until > now_);
    check(outstanding() == 0 || wait.until != SteadyTime::max() || connect_deadline_.has_value());
    check(conversation_.queued() <= outstanding());
    wake_ = wait.until;
  }

  void sent(const link::Send& send) {
    check(conversation_.connected());
    check((send.length == modbus::rtu_request_length) == serial_);
    if (counts_requests_) ++number_;
    SentRequest request = parse_request(send);
    request.number = number_;
    request.sent_at = now_;
    request.deadline = now_ + transaction_.timeout;
    print("send {}:{}+{} as {}", request.read.unit_id, request.read.first, request.read.count,
          request.transaction_id);
    const std::size_t allowed = serial_ || gateway_ ? 1 : transaction_.requests_in_flight;
    check(peer_.forged || peer_.open_requests(now_) < allowed);
    peer_.receive_request(request);
  }

  Requester& notified(const link::TransactionHandler* handler) {
    const auto place =
        std::ranges::find_if(requesters_, [&](const auto& requester) { return requester.get() == handler; });
    check(place != requesters_.end());
    return **place;
  }

  void process_report(const link::Report& report) {
    Requester& requester = notified(report.handler);
    const Outcome& outcome = report.outcome;
    print("report {}:{}+{}: {}", outcome.request.unit_id, outcome.request.first, outcome.request.count,
          outcome.error.message());
    check(outcome.registers.size() == (outcome.error ? 0U : 2U * outcome.request.count));
    const auto place = std::ranges::find(requester.outstanding, outcome.request, &PendingRead::wanted);
    check(place != requester.outstanding.end());
    const PendingRead pending = *place;
    requester.outstanding.erase(place);
    check(outcome.latency.count() >= 0);
    const bool refused = outcome.error == modbus::ResponseError::exception_response;
    check(refused || outcome.exception == 0);
    check(!outcome.other_unit || outcome.error == modbus::ResponseError::foreign_response);
    check(!outcome.error || !outcome.error.message().empty());
    check(outcome.error || peer_.forged ||
          encode(outcome.registers, pending.wanted, pending.number, number_));
    if (!outcome.error && requester.completed.size() < completed_max)
      requester.completed.push_back(pending.wanted);
    // Which of several requests to the unit has ended cannot be seen.
    peer_.ended(pending.wanted.unit_id);
  }

  void process_suspect(const link::ReportSuspect& suspect) {
    const Requester& requester = notified(suspect.handler);
    print("suspect {}:{}+{}", suspect.request.unit_id, suspect.request.first, suspect.request.count);
    check(requester.completed.size() == completed_max ||
          std::ranges::count(requester.completed, suspect.request) > 0);
  }

  // --- The connection ---

  void open() {
    if (!std::exchange(connect_deadline_, {})) return;
    print("opened");
    conversation_.opened(now_);
    pump();
  }

  void connection_fails() {
    if (!std::exchange(connect_deadline_, {})) return;
    print("connection fails");
    conversation_.unreachable(link::Error::connect_failed, boost::asio::error::connection_refused, now_);
    pump();
  }

  void peer_closes() {
    if (!conversation_.connected()) return;
    print("peer closes");
    conversation_.closed(boost::asio::error::eof, now_);
    connection_ended();
    pump();
  }

  void connection_ended() {
    check(!conversation_.connected());
    peer_.connection_ended();
  }

  // --- The peer's side ---

  // `act` puts bytes on the wire and returns how many of them arrive now.
  void peer_acts(std::size_t (FuzzedPeer::*act)()) {
    peer_.now = now_;
    peer_.number = number_;
    peer_.connected = conversation_.connected();
    pass_on((peer_.*act)());
  }

  void pass_on(std::size_t length) {
    if (!conversation_.connected()) return;
    peer_.now = now_;
    const Bytes bytes = peer_.take(length);
    if (bytes.empty()) return;
    print("received{}{:02x}", peer_.forged ? " (forged) " : " ", fmt::join(bytes, " "));
    conversation_.received(bytes, now_);
    pump();
  }

  // --- Time ---

  milliseconds some_time() {
    const auto most = in_.PickValueInArray({10, 100, 400, 3'000, 15'000, 700'000});
    if (!counts_requests_) ++number_;
    return milliseconds{in_.ConsumeIntegralInRange(0, most)};
  }

  void advance() { advance_to(now_ + some_time()); }

  // As a thread that wakes when the conversation wants it to.
  void advance_to(SteadyTime target) {
    pump();
    while (true) {
      const SteadyTime next = std::min(wake_, connect_deadline_.value_or(SteadyTime::max()));
      if (next > target) break;
      now_ = std::max(now_, next);
      if (connect_deadline_ && *connect_deadline_ <= now_) {
        connect_deadline_.reset();
        conversation_.unreachable(link::Error::connect_timeout, boost::asio::error::timed_out, now_);
      }
      pump();
    }
    now_ = std::max(now_, target);
  }

  // The thread did not run: time passes, and bytes that arrived meanwhile are read before deadlines are
  // checked.
  void stall() {
    now_ += some_time();
    if (in_.ConsumeBool()) return peer_acts(&FuzzedPeer::respond_now);
    pass_on(wire_max);
  }

  // --- Invariants after each event and at the end ---

  std::size_t outstanding() const {
    std::size_t sum = 0;
    for (const auto& requester : requesters_) sum += requester->outstanding.size();
    return sum;
  }

  void check_bounds() const {
    check(conversation_.queued() <= outstanding());
    check(conversation_.units().size() <= 256);
    check(!(conversation_.connected() && connect_deadline_));
    check(allocated_bytes() < memory_before_ + memory_max);
    const auto settling = conversation_.settling_time(transaction_.request_gap, now_);
    check(settling.count() >= 0 && settling <= seconds{1});
    const auto undecided = conversation_.undecided_until();
    check(!undecided || *undecided <= now_ + seconds{1});
    (void)conversation_.busy().recent_share(now_);
  }

  // No more bytes arrive, only connections in some inputs: every transaction must still end.
  void end() {
    const bool connects = serial_ != counts_requests_;
    const auto turns = static_cast<std::int64_t>(outstanding()) + 1;
    const SteadyTime limit = now_ + turns * (3 * transaction_.timeout + seconds{15});
    while (outstanding() > 0 && now_ < limit) {
      if (connects) open();
      if (outstanding() > 0) advance_to(now_ + transaction_.timeout / 4 + milliseconds{1});
    }
    check(outstanding() == 0);
    check(conversation_.queued() == 0);
  }

  FuzzedDataProvider in_;
  const std::size_t memory_before_ = allocated_bytes();
  SteadyTime now_{std::chrono::hours{1}};
  bool serial_ = false;
  bool gateway_ = false;
  bool counts_requests_ = true;  // the number in the registers grows with each request; else with time
  link::Transaction transaction_;
  link::Conversation conversation_;
  std::array<std::unique_ptr<Requester>, requesters_max> requesters_;
  std::uint64_t number_ = 0;
  SteadyTime wake_{};
  std::optional<SteadyTime> connect_deadline_;
  FuzzedPeer peer_{in_};
  const bool printed_ = std::getenv("TRACE") != nullptr;
};

}  // namespace

// A sequence of requests, responses, connections and time. Each transaction ends exactly once, every outcome
// contains the requested registers, and no transaction waits for ever.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ConversationScenario scenario(data, size);
  scenario.run();
  return 0;
}
