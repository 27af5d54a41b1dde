#pragma once

#include "link/address_policy.hpp"
#include "link/connected_socket.hpp"
#include "link/conversation.hpp"
#include "link/descriptor_budget.hpp"
#include "link/readiness.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/container/small_vector.hpp>

#include <memory>
#include <random>
#include <string>

namespace gensetd::link {

// The socket of one connection: executes the actions of its Conversation and reports events to it. Owned by
// Link, and by its pending handlers. One thread: the context's.
class Line final : public std::enable_shared_from_this<Line>, private Readiness::Listener {
 public:
  Line(boost::asio::io_context& context, std::string host, std::uint16_t port, AddressPolicy policy,
       std::shared_ptr<DescriptorBudget> descriptors, std::uint32_t seed);

  void stop();  // closes at once; no more calls of any handler
  void submit(TransactionHandler& handler, const Transaction& transaction);
  void withdraw(TransactionHandler& handler) { conversation_.withdraw(handler); }
  void drain();  // see Link::drain()
  const Conversation& conversation() const { return conversation_; }

 private:
  enum class Sending : bool { now, together };  // together: in the last pass of Readiness

  // Executes the conversation's actions until it waits. `time`: the current time. The clock is read as seldom
  // as possible: it is a considerable part of a response's cost.
  void run_actions(SteadyTime time, Sending sending = Sending::now);
  bool execute(Action action, SteadyTime& time, Sending sending);  // false: it was Wait
  void send(const Send& send, SteadyTime time, Sending sending);
  void send_unsent(SteadyTime time);
  void close();
  void log_sharing_change(SteadyTime time);

  void connect(std::chrono::milliseconds timeout);
  void try_allowed(std::vector<boost::asio::ip::tcp::endpoint> found);
  void unreachable(boost::system::error_code error, boost::system::error_code cause);
  void try_next_endpoint(boost::system::error_code last_failure);
  void connection_failed(boost::system::error_code failed);

  void opened();
  bool read_some(
      SteadyTime& time);  // false: nothing is left, or no connection; sets `time` to the time of reading
  void receive() override;
  void process() override;
  void send() override;
  template <class Act>
  void guarded(Act act) noexcept;
  void recover() noexcept;
  void set_timer(SteadyTime time);
  void on_timer();

  boost::asio::io_context& context_;
  const std::string host_;
  const std::uint16_t port_;
  const AddressPolicy policy_;
  DescriptorShare descriptor_;  // of this connection
  std::minstd_rand random_;     // for transaction ids
  boost::asio::ip::tcp::socket connecting_;
  ConnectedSocket socket_;
  Readiness::Registration registration_;  // of the socket
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer timer_;
  Conversation conversation_;
  boost::container::small_vector<std::uint8_t, modbus::tcp_request_length> unsent_;
  std::vector<boost::asio::ip::tcp::endpoint> endpoints_;  // not tried so far
  SteadyTime connect_deadline_ = SteadyTime::max();
  SteadyTime wanted_at_ = SteadyTime::max();  // the end of the last Wait
  SteadyTime armed_for_ = SteadyTime::max();  // when the timer expires
  unsigned connection_ = 0;  // number of the connection attempt: completions of earlier ones are ignored
  bool is_running_ = false;
  bool is_posted_ = false;
  bool stopped_ = false;
  bool logged_shared_ = false;
};

}  // namespace gensetd::link
