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

constexpr std::size_t askers_max = 4;
constexpr std::size_t outstanding_max = 24;
constexpr std::size_t answered_max = 32;
constexpr std::size_t memory_max = std::size_t{16} << 20;  // 256 units with all that is remembered of each
constexpr int actions_at_once_max = 1'000;

struct Asked {
  ReadRequest wanted;
  std::uint64_t number = 0;  // of the last request before it was submitted
};

// Its address tells who is notified, so one that withdrew is replaced by another object.
struct Asker final : link::TransactionHandler {
  void finished(const Outcome&) override {}
  std::vector<Asked> outstanding;
  std::vector<ReadRequest> answered;
};

// One conversation from its first event to its end. The events are drawn from the input.
class Story {
 public:
  Story(const std::uint8_t* data, std::size_t size) : in_(data, size) {
    for (auto& asker : askers_) asker = std::make_unique<Asker>();
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
  // With STORY=1 in the environment each step is printed.
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
        return peer_acts(&Peer::respond_later);
      case 8:
      case 9:
      case 10:
        return peer_acts(&Peer::respond_now);
      case 11:
        return pass_on(in_.ConsumeIntegralInRange<std::size_t>(1, 300));
      case 12:
        return peer_acts(&Peer::copy_last);
      case 13:
        return peer_acts(&Peer::refuse);
      case 14:
        return peer_acts(&Peer::damage);
      case 15:
        return peer_acts(serial_ ? &Peer::foreign_frame : &Peer::stray_frame);
      case 16:
        return peer_acts(&Peer::stray_bytes);
      case 17:
        return peer_acts(in_.ConsumeBool() ? &Peer::forge : &Peer::raw_bytes);
      case 18:
        return stall();
      default:
        return advance();
    }
  }

  // --- The program's side ---

  // From here on the conversation knows that there is a gateway.
  void use_two_units() {
    for (const std::uint8_t unit_id : {std::uint8_t{1}, std::uint8_t{2}})
      submit(*askers_[unit_id], {.unit_id = unit_id, .first = 0, .count = 10});
  }

  void submit() {
    Asker& asker = *askers_[in_.ConsumeIntegralInRange<std::size_t>(0, askers_max - 1)];
    if (outstanding() >= outstanding_max) return;
    const auto unit_id = in_.ConsumeIntegralInRange<std::uint8_t>(1, 3);
    const auto first = in_.ConsumeIntegralInRange<std::uint16_t>(0, 8);
    const auto count = in_.PickValueInArray<std::uint16_t>({1, 2, 3, 4, 10, 36, 120});
    submit(asker, {.unit_id = unit_id, .first = first, .count = count});
  }

  void submit(Asker& asker, const ReadRequest& request) {
    transaction_.request = request;
    // The end of one of two equal reads could not be attributed.
    if (std::ranges::count(asker.outstanding, transaction_.request, &Asked::wanted) != 0) return;
    asker.outstanding.push_back({transaction_.request, number_});
    print("submit {}:{}+{}", transaction_.request.unit_id, transaction_.request.first,
          transaction_.request.count);
    conversation_.submit(asker, transaction_);
    pump();
  }

  void withdraw() {
    auto& asker = askers_[in_.ConsumeIntegralInRange<std::size_t>(0, askers_max - 1)];
    print("withdraw");
    conversation_.withdraw(*asker);
    asker = std::make_unique<Asker>();
    // The end of what it had requested is not notified to anybody.
    peer_.nothing_is_certain();
    pump();
  }

  void pump() {
    int actions = 0;
    for (;;) {
      check(++actions < actions_at_once_max);
      const link::Action action = conversation_.next(now_);
      if (const auto* wait = std::get_if<link::Wait>(&action)) return waits(*wait);
      if (const auto* tell = std::get_if<link::Report>(&action)) {
        told(*tell);
      } else if (const auto* doubt = std::get_if<link::ReportSuspect>(&action)) {
        doubted(*doubt);
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
    Question question = question_of(send);
    question.number = number_;
    question.sent_at = now_;
    question.deadline = now_ + transaction_.timeout;
    print("send {}:{}+{} as {}", question.read.unit_id, question.read.first, question.read.count,
          question.transaction_id);
    const std::size_t allowed = serial_ || gateway_ ? 1 : transaction_.requests_in_flight;
    check(peer_.forged || peer_.open_questions(now_) < allowed);
    peer_.ask(question);
  }

  Asker& notified(const link::TransactionHandler* requester) {
    const auto place =
        std::ranges::find_if(askers_, [&](const auto& asker) { return asker.get() == requester; });
    check(place != askers_.end());
    return **place;
  }

  void told(const link::Report& tell) {
    Asker& asker = notified(tell.handler);
    const Outcome& outcome = tell.outcome;
    print("tell {}:{}+{}: {}", outcome.request.unit_id, outcome.request.first, outcome.request.count,
          outcome.error.message());
    check(outcome.registers.size() == (outcome.error ? 0U : 2U * outcome.request.count));
    const auto place = std::ranges::find(asker.outstanding, outcome.request, &Asked::wanted);
    check(place != asker.outstanding.end());
    const Asked asked = *place;
    asker.outstanding.erase(place);
    check(outcome.latency.count() >= 0);
    const bool refused = outcome.error == modbus::ResponseError::exception_response;
    check(refused || outcome.exception == 0);
    check(!outcome.other_unit || outcome.error == modbus::ResponseError::foreign_response);
    check(!outcome.error || !outcome.error.message().empty());
    check(outcome.error || peer_.forged || encode(outcome.registers, asked.wanted, asked.number, number_));
    if (!outcome.error && asker.answered.size() < answered_max) asker.answered.push_back(asked.wanted);
    // Which of several requests to the unit has ended cannot be seen.
    peer_.ended(asked.wanted.unit_id);
  }

  void doubted(const link::ReportSuspect& doubt) {
    const Asker& asker = notified(doubt.handler);
    print("doubt {}:{}+{}", doubt.request.unit_id, doubt.request.first, doubt.request.count);
    check(asker.answered.size() == answered_max || std::ranges::count(asker.answered, doubt.request) > 0);
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

  // What the peer does puts bytes on the wire; the returned number of them arrives now.
  void peer_acts(std::size_t (Peer::*act)()) {
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
    print("heard{}{:02x}", peer_.forged ? " (forged) " : " ", fmt::join(bytes, " "));
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

  // The thread got no processor: time passes, and what arrived meanwhile is read before time is judged.
  void stall() {
    now_ += some_time();
    if (in_.ConsumeBool()) return peer_acts(&Peer::respond_now);
    pass_on(wire_max);
  }

  // --- What holds at each moment, and at the end ---

  std::size_t outstanding() const {
    std::size_t sum = 0;
    for (const auto& asker : askers_) sum += asker->outstanding.size();
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

  // Nothing comes any more, or nothing but connections: every transaction ends all the same.
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
  std::array<std::unique_ptr<Asker>, askers_max> askers_;
  std::uint64_t number_ = 0;
  SteadyTime wake_{};
  std::optional<SteadyTime> connect_deadline_;
  Peer peer_{in_};
  const bool printed_ = std::getenv("STORY") != nullptr;
};

}  // namespace

// A story of requests, responses, connections and time. Each transaction ends exactly once, the registers of
// every outcome are those that were wanted, and nothing waits for ever.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Story story(data, size);
  story.run();
  return 0;
}
