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

// The socket of one connection: does what its Conversation decides and tells it what happens. Owned by Link,
// and by the handlers that are under way. One thread: the context's.
class Line final : public std::enable_shared_from_this<Line>, private Readiness::Listener {
 public:
  Line(boost::asio::io_context& context, std::string host, std::uint16_t port, AddressPolicy policy,
       std::shared_ptr<DescriptorBudget> descriptors, std::uint32_t seed);

  void stop();  // closes at once; nothing more is told to anybody
  void submit(Requester& requester, const Transaction& transaction);
  void withdraw(Requester& requester) { conversation_.withdraw(requester); }
  void hear_now();  // what has arrived, and tells what follows from it
  const Conversation& conversation() const { return conversation_; }

 private:
  enum class Sending : bool { now, together };  // together: left to Readiness' last pass

  // Does what the conversation says until it waits. `time`: just now. The clock is read no more often than
  // needed: it is a good part of what an answer costs.
  void go_on(SteadyTime time, Sending sending = Sending::now);
  bool carry_out(Action action, SteadyTime& time, Sending sending);  // false: waits
  void send(const Send& send, SteadyTime time, Sending sending);
  void send_unsent(SteadyTime time);
  void close();
  void say_if_shared(SteadyTime time);

  void connect(std::chrono::milliseconds timeout);
  void try_allowed(std::vector<boost::asio::ip::tcp::endpoint> found);
  void unreachable(boost::system::error_code error, boost::system::error_code cause);
  void try_next_endpoint(boost::system::error_code last_failure);
  void connection_failed(boost::system::error_code failed);

  void opened();
  bool receive(SteadyTime& time);  // false: there is no more, or no connection; `time` becomes when it looked
  void hear() override;
  void act() override;
  void send() override;
  template <class Act>
  void guarded(Act act) noexcept;
  void recover() noexcept;
  void wake_at(SteadyTime time);
  void woken();

  boost::asio::io_context& context_;
  const std::string host_;
  const std::uint16_t port_;
  const AddressPolicy policy_;
  DescriptorShare descriptor_;  // of the connection
  std::minstd_rand random_;     // of transaction ids
  boost::asio::ip::tcp::socket connecting_;
  ConnectedSocket socket_;
  Readiness::Watch watch_;  // of the socket
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer timer_;
  Conversation conversation_;
  boost::container::small_vector<std::uint8_t, modbus::tcp_request_length> unsent_;
  std::vector<boost::asio::ip::tcp::endpoint> endpoints_;  // not tried yet
  SteadyTime connect_deadline_ = SteadyTime::max();
  SteadyTime wanted_at_ = SteadyTime::max();  // as the conversation said last
  SteadyTime armed_for_ = SteadyTime::max();  // the timer
  unsigned connection_ = 0;  // counts attempts: what belongs to an earlier one is not ours any more
  bool going_on_ = false;
  bool posted_ = false;
  bool stopped_ = false;
  bool said_shared_ = false;
};

}  // namespace gensetd::link
