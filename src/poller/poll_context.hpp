#pragma once

#include "link/link.hpp"
#include "poller/poll_metrics.hpp"
#include "poller/reading_queue.hpp"
#include "profile/read_plan.hpp"
#include "reading/numbering.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <map>
#include <random>
#include <utility>

namespace gensetd::poller {

// What the device pollers of one thread share. Used on that thread only.
class PollContext {
 public:
  PollContext(boost::asio::io_context& its_io_context, link::Pool& its_links, ReadingQueue& readings,
              reading::Numbering& its_numbering);

  void publish(ReadingQueue::Item item);
  profile::ReadLayoutPtr reads(const profile::ProfilePtr& profile, modbus::Protocol protocol);

  boost::asio::io_context& io_context;
  link::Pool& links;
  reading::Numbering& numbering;
  PollTotals totals;
  std::mt19937 random;

 private:
  void push_held_later();

  std::map<std::pair<profile::ProfilePtr, modbus::Protocol>, profile::ReadLayoutPtr> reads_;
  ReadingQueue& readings_;
  boost::asio::steady_timer push_held_;
  bool is_push_scheduled_ = false;
};

}  // namespace gensetd::poller
