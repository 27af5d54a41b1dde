#pragma once

#include "link/link.hpp"
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
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gensetd::poller {

// What reading a controller once gave.
struct ReadResult {
  std::string error;                     // empty on success, else one line that says at which step it failed
  std::optional<link::Outcome> failure;  // why, without registers; empty when the line was busy for too long
  reading::Timestamp timestamp{};        // when the last answer came, or its time was over
  std::chrono::microseconds took{0};     // until then, connecting and waiting for the line included
  std::size_t requests = 0;
  std::map<std::uint16_t, std::uint16_t> registers;  // by address: all that came
  std::vector<profile::Value> values;                // read_all(): one per field of the profile
  std::vector<RefusedBlock> refused;                 // read_all(): their fields are no data
};

// Reads one controller when somebody asks for it, through the link that everybody in this process shares for
// its host:port. Use: construct, await read_all() or read_range(), one at a time; again, if wanted, with what
// was learned of the controller. One thread: the context's.
class Reader final : public link::Requester {
 public:
  // How long a read may take in all before the line counts as too busy.
  static constexpr std::chrono::seconds patience{30};

  Reader(boost::asio::io_context& context, link::Pool& links, Address address, profile::ProfilePtr profile,
         std::chrono::milliseconds timeout);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  boost::asio::awaitable<ReadResult> read_all();  // every register of the profile
  boost::asio::awaitable<ReadResult> read_range(modbus::ReadRequest range);

  const Address& address() const { return address_; }
  const link::Link& link() const { return *link_; }

 private:
  enum class State : std::uint8_t { asking, pausing, settling, done };

  boost::asio::awaitable<ReadResult> run();
  void begin();
  void ask(const modbus::ReadRequest& request);
  void follow(const Step& step);
  void ask_again();
  void settle_or_end();
  void wait(State state, std::chrono::milliseconds time);
  void keep(const link::Outcome& outcome);
  template <class Act>
  void guarded(Act act) noexcept;
  void take(const link::Outcome& outcome);
  void take_doubt(const modbus::ReadRequest& request);
  void finished(const link::Outcome& outcome) override;
  void doubted(const modbus::ReadRequest& request) override;
  ReadResult result(SteadyTime start);

  const Address address_;
  const profile::ProfilePtr profile_;
  const std::chrono::milliseconds timeout_;
  std::shared_ptr<link::Link> link_;
  boost::asio::steady_timer wake_;  // of run(), the only one who waits
  Cycle cycle_;
  bool answered_ = false;  // the last read succeeded

  State state_ = State::done;
  std::optional<modbus::ReadRequest> range_;  // of read_range()
  std::optional<link::Outcome> failure_;      // of the range
  int doubts_ = 0;                            // of the range
  std::exception_ptr unexpected_;             // what a callback of the link threw; run() throws it again
  SteadyTime resume_at_ = SteadyTime::max();
  SteadyTime last_outcome_{};
  reading::Timestamp last_timestamp_{};
  std::size_t requests_ = 0;
  std::chrono::nanoseconds spent_on_failures_{0};
  std::map<std::uint16_t, std::uint16_t> registers_;
};

}  // namespace gensetd::poller
