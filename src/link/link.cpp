#include "link/link.hpp"

#include "link/line.hpp"

#include <algorithm>

namespace gensetd::link {
namespace {

void count(const Conversation& conversation, SteadyTime now, PoolTotals& totals) {
  totals.lines += conversation.line();
  totals.units += conversation.sum_of_units();
  totals.busy += conversation.busy().total(now);
}

}  // namespace

Link::Link(boost::asio::io_context& context, std::string host, std::uint16_t port, AddressPolicy policy,
           std::shared_ptr<DescriptorBudget> descriptors, std::uint32_t seed)
    : line_(std::make_shared<Line>(context, std::move(host), port, policy, std::move(descriptors), seed)) {}

Link::~Link() { line_->stop(); }

void Link::submit(TransactionHandler& handler, const Transaction& transaction) {
  line_->submit(handler, transaction);
}

void Link::withdraw(TransactionHandler& handler) { line_->withdraw(handler); }

void Link::drain() { line_->drain(); }

const Conversation& Link::conversation() const { return line_->conversation(); }

PoolTotals& PoolTotals::operator+=(const PoolTotals& other) {
  lines += other.lines;
  units += other.units;
  busy += other.busy;
  links += other.links;
  connected += other.connected;
  shared += other.shared;
  recent_busy_share_sum += other.recent_busy_share_sum;
  recent_busy_share_max = std::max(recent_busy_share_max, other.recent_busy_share_max);
  return *this;
}

std::shared_ptr<Link> Pool::get(const std::string& host, std::uint16_t port) {
  const Links::key_type key{host, port};
  std::weak_ptr<Link>& place = state_->links[key];
  if (auto held = place.lock()) return held;
  auto made = std::shared_ptr<Link>(
      new Link(context_, host, port, policy_, descriptors_, static_cast<std::uint32_t>(seeds_())),
      [state = state_, key](Link* link) {
        count(link->conversation(), std::chrono::steady_clock::now(), state->gone);
        delete link;
        const auto entry = state->links.find(key);
        if (entry != state->links.end() && entry->second.expired()) state->links.erase(entry);
      });
  place = made;
  return made;
}

PoolTotals Pool::totals(SteadyTime now) const {
  PoolTotals totals = state_->gone;
  for (const auto& [address, held] : state_->links) {
    const auto link = held.lock();
    if (!link) continue;
    const Conversation& conversation = link->conversation();
    count(conversation, now, totals);
    const double share = conversation.busy().recent_share(now);
    totals += {.links = 1,
               .connected = conversation.connected() ? std::size_t{1} : 0,
               .shared = conversation.shared(now) ? std::size_t{1} : 0,
               .recent_busy_share_sum = share,
               .recent_busy_share_max = share};
  }
  return totals;
}

}  // namespace gensetd::link
