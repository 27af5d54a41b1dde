#pragma once

#include "link/address_policy.hpp"
#include "link/conversation.hpp"
#include "link/descriptor_budget.hpp"
#include "link/transaction.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>

namespace gensetd::link {

class Line;

// One connection to one host:port, shared by all devices behind it. Use: submit() a transaction; its
// handler's finished() is called exactly once, never from within submit(). Handlers take turns. Connects when
// there is work and reconnects. Destroying the last handle closes the connection. One thread: the
// io_context's.
class Link {
 public:
  // `descriptors`: null grants every connection.
  Link(boost::asio::io_context& context, std::string host, std::uint16_t port, AddressPolicy policy = {},
       std::shared_ptr<DescriptorBudget> descriptors = nullptr, std::uint32_t seed = std::random_device{}());
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void submit(TransactionHandler& handler, const Transaction& transaction);

  // No more calls of `handler`; call this before it is destroyed. Unknown handlers are ignored.
  void withdraw(TransactionHandler& handler);

  // Processes everything that has arrived. Call this before deciding by the clock that nothing did. May call
  // finished() and response_suspected().
  void drain();

  // Its counters, and what is known about other masters.
  const Conversation& conversation() const;

 private:
  std::shared_ptr<Line> line_;
};

// Sums over all links since the pool exists, including those that have ended.
struct PoolTotals {
  LineCounters lines;
  UnitCounters units;
  std::chrono::nanoseconds busy{0};
  std::size_t links = 0;  // from here on: only links that exist now
  std::size_t connected = 0;
  std::size_t shared = 0;            // serial lines that another master or client uses
  double recent_busy_share_sum = 0;  // within the last minute, each 0 to 1
  double recent_busy_share_max = 0;

  PoolTotals& operator+=(const PoolTotals& other);
};

// The links of this process by host:port. A link exists as long as it is referenced.
class Pool {
 public:
  // A request for an address that `policy` refuses ends with its error, without a connection.
  explicit Pool(boost::asio::io_context& context, AddressPolicy policy = {},
                std::shared_ptr<DescriptorBudget> descriptors = nullptr)
      : context_(context),
        policy_(policy),
        descriptors_(std::move(descriptors)),
        state_(std::make_shared<State>()) {}

  void seed(std::uint32_t value) { seeds_.seed(value); }  // for reproducible runs

  std::shared_ptr<Link> get(const std::string& host, std::uint16_t port);

  using Links = std::map<std::pair<std::string, std::uint16_t>, std::weak_ptr<Link>>;
  const Links& all() const { return state_->links; }
  PoolTotals totals(SteadyTime now) const;

 private:
  // Shared with the links: each removes itself when it ends, which may be after the pool.
  struct State {
    PoolTotals gone;  // sums over links that have ended
    Links links;
  };
  boost::asio::io_context& context_;
  const AddressPolicy policy_;
  const std::shared_ptr<DescriptorBudget> descriptors_;
  std::shared_ptr<State> state_;
  std::mt19937 seeds_{std::random_device{}()};  // for the links' transaction ids
};

}  // namespace gensetd::link
