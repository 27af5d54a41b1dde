#pragma once

#include "link/conversation.hpp"
#include "link/transaction.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <map>
#include <memory>
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
  Link(boost::asio::io_context& context, std::string host, std::uint16_t port);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void submit(Requester& requester, const Transaction& transaction);

  // Nothing more is told to `requester`; to be called before it dies. Unknown ones are ignored.
  void withdraw(Requester& requester);

  // Its counters, and who else is on the line.
  const Conversation& conversation() const;

 private:
  std::shared_ptr<Line> line_;
};

// The links of this process by host:port. A link lives as long as somebody holds it.
class Pool {
 public:
  explicit Pool(boost::asio::io_context& context) : context_(context) {}

  std::shared_ptr<Link> get(const std::string& host, std::uint16_t port);

  using Links = std::map<std::pair<std::string, std::uint16_t>, std::weak_ptr<Link>>;
  const Links& all() const { return links_; }

 private:
  boost::asio::io_context& context_;
  Links links_;
};

}  // namespace gensetd::link
