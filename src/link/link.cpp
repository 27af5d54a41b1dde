#include "link/link.hpp"

#include "link/line.hpp"

namespace gensetd::link {

Link::Link(boost::asio::io_context& context, std::string host, std::uint16_t port, AddressPolicy policy)
    : line_(std::make_shared<Line>(context, std::move(host), port, policy)) {}

Link::~Link() { line_->stop(); }

void Link::submit(Requester& requester, const Transaction& transaction) {
  line_->submit(requester, transaction);
}

void Link::withdraw(Requester& requester) { line_->withdraw(requester); }

const Conversation& Link::conversation() const { return line_->conversation(); }

std::shared_ptr<Link> Pool::get(const std::string& host, std::uint16_t port) {
  const auto known = links_.find({host, port});
  if (known != links_.end()) {
    if (auto held = known->second.lock()) return held;
  }
  std::erase_if(links_, [](const auto& entry) { return entry.second.expired(); });
  auto made = std::make_shared<Link>(context_, host, port, policy_);
  links_[{host, port}] = made;
  return made;
}

}  // namespace gensetd::link
