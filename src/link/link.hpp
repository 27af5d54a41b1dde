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

// One connection to one host:port, shared by all devices behind it. Use: submit() a transaction; finished()
// hears of its end exactly once, never from within submit(). Turns go round by requester. Connects when there
// is work and reconnects by itself. Destroying the last handle closes the connection. One thread: the
// io_context's.
class Link {
 public:
  // descriptors: null grants every connection.
  Link(boost::asio::io_context& context, std::string host, std::uint16_t port, AddressPolicy policy = {},
       std::shared_ptr<DescriptorBudget> descriptors = nullptr, std::uint32_t seed = std::random_device{}());
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void submit(Requester& requester, const Transaction& transaction);

  // Nothing more is told to `requester`; to be called before it dies. Unknown ones are ignored.
  void withdraw(Requester& requester);

  // Takes what has arrived, before somebody decides by the clock that nothing came; may call finished() and
  // doubted().
  void hear_now();

  // Its counters, and who else is on the line.
  const Conversation& conversation() const;

 private:
  std::shared_ptr<Line> line_;
};

// What was counted of all links since the pool exists, those that are gone included.
struct PoolTotals {
  LineCounters lines;
  Counters units;
  std::chrono::nanoseconds busy{0};
  std::size_t links = 0;  // from here on: of those that there are now
  std::size_t connected = 0;
  std::size_t shared = 0;            // somebody else is on the line
  double recent_busy_share_sum = 0;  // of the last minute, each 0 to 1
  double recent_busy_share_max = 0;

  PoolTotals& operator+=(const PoolTotals& other);
};

// The links of this process by host:port. A link lives as long as somebody holds it.
class Pool {
 public:
  // A request for an address that `policy` refuses ends with its error, and nothing is connected.
  explicit Pool(boost::asio::io_context& context, AddressPolicy policy = {},
                std::shared_ptr<DescriptorBudget> descriptors = nullptr)
      : context_(context),
        policy_(policy),
        descriptors_(std::move(descriptors)),
        state_(std::make_shared<State>()) {}

  void seed(std::uint32_t value) { seeds_.seed(value); }  // for runs that must repeat exactly

  std::shared_ptr<Link> get(const std::string& host, std::uint16_t port);

  using Links = std::map<std::pair<std::string, std::uint16_t>, std::weak_ptr<Link>>;
  const Links& all() const { return state_->links; }
  PoolTotals totals(SteadyTime now) const;

 private:
  // Links take themselves out of it when they end, perhaps after the pool.
  struct State {
    PoolTotals gone;  // what links had counted when they ended
    Links links;
  };
  boost::asio::io_context& context_;
  const AddressPolicy policy_;
  const std::shared_ptr<DescriptorBudget> descriptors_;
  std::shared_ptr<State> state_;
  std::mt19937 seeds_{std::random_device{}()};  // of the links' transaction ids
};

}  // namespace gensetd::link
