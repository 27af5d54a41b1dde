#pragma once

#include "link/link.hpp"
#include "modbus/raw_values.hpp"
#include "poller/cycle.hpp"
#include "poller/describe.hpp"
#include "poller/schedule.hpp"
#include "profile/profile.hpp"
#include "reading/reading.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gensetd::poller {

// The result of one read of a controller.
struct ReadResult {
  std::string error;                     // empty on success, else one line that names the failed step
  std::optional<link::Outcome> failure;  // why, without registers; empty when the line was busy for too long
  reading::Timestamp timestamp{};        // of the last response or timeout
  std::chrono::microseconds took{0};     // until then, with connecting and waiting for the line
  std::size_t requests = 0;
  modbus::RawValues registers;         // all that were received
  std::vector<profile::Value> values;  // read_all(): one per field of the profile
  reading::TextsPtr texts;             // read_all()
  reading::AlarmWordsPtr alarm_words;  // read_all(): null: the profile has none
  MissingBlocks missing;               // read_all(): their fields are no data
};

// Reads one controller on request, over the connection that all parts of this process share for its
// host:port. Use: construct; await read_all() or read_range(), one at a time. Further reads benefit from what
// earlier ones found out about the controller. Used on the context's thread only.
class Reader final : public link::TransactionHandler {
 public:
  // How long a read may take in all; then it ends with an error that the line is busy.
  static constexpr std::chrono::seconds time_limit{30};

  Reader(boost::asio::io_context& context, link::Pool& links, DeviceAddress address,
         profile::ProfilePtr profile, std::chrono::milliseconds timeout);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Reads end at this time at the latest, as if the line was busy.
  void end_by(SteadyTime time) { end_by_ = time; }

  boost::asio::awaitable<ReadResult> read_all();  // every register of the profile
  boost::asio::awaitable<ReadResult> read_range(modbus::ReadRequest range);

  const DeviceAddress& address() const { return address_; }
  const link::Link& link() const { return *link_; }

 private:
  enum class State : std::uint8_t { requesting, pausing, settling, done };

  boost::asio::awaitable<ReadResult> run();
  void begin();
  void send(const modbus::ReadRequest& request);
  void follow(const Step& step);
  void send_again();
  void settle_or_end();
  void wait(State state, std::chrono::milliseconds time);
  void store_registers(const link::Outcome& outcome);
  template <class Act>
  void guarded(Act act) noexcept;
  void process_outcome(const link::Outcome& outcome);
  void process_suspect(const modbus::ReadRequest& request);
  void finished(const link::Outcome& outcome) override;
  void response_suspected(const modbus::ReadRequest& request) override;
  ReadResult result(SteadyTime start);

  const DeviceAddress address_;
  const profile::ProfilePtr profile_;
  const std::chrono::milliseconds timeout_;
  std::shared_ptr<link::Link> link_;
  boost::asio::steady_timer wake_;  // run() waits for it
  Cycle cycle_;
  bool last_read_succeeded_ = false;

  State state_ = State::done;
  SteadyTime end_by_ = SteadyTime::max();
  std::optional<modbus::ReadRequest> range_;  // of read_range()
  std::optional<link::Outcome> failure_;      // of the range
  int suspect_responses_ = 0;                 // of the range
  std::exception_ptr unexpected_;             // thrown in a callback of the link; run() rethrows it
  SteadyTime resume_at_ = SteadyTime::max();
  SteadyTime last_outcome_{};
  reading::Timestamp last_timestamp_{};
  std::size_t requests_ = 0;
  std::chrono::nanoseconds spent_on_failures_{0};
  modbus::RawValues registers_;
  std::int64_t slot_ = 0;  // of the cycle
};

}  // namespace gensetd::poller
