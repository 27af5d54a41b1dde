#include "link/link.hpp"

#include "link/line.hpp"

namespace gensetd::link {

Link::Link(boost::asio::io_context& context, std::string host, std::uint16_t port)
    : line_(std::make_shared<Line>(context, std::move(host), port)) {
  line_->start();
}

Link::~Link() { line_->stop(); }

void Link::submit(Requester& requester, const Transaction& transaction) {
  line_->submit(requester, transaction);
}

void Link::withdraw(Requester& requester) { line_->withdraw(requester); }

const Counters& Link::counters() const { return line_->counters(); }

std::size_t Link::waiting() const { return line_->waiting(); }

std::shared_ptr<Link> Pool::get(const std::string& host, std::uint16_t port) {
  std::erase_if(links_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<Link>& place = links_[{host, port}];
  std::shared_ptr<Link> held = place.lock();
  if (!held) {
    held = std::make_shared<Link>(context_, host, port);
    place = held;
  }
  return held;
}

}  // namespace gensetd::link
