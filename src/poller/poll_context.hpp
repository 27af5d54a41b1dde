#pragma once

#include "link/link.hpp"
#include "poller/poll_metrics.hpp"
#include "poller/reading_queue.hpp"
#include "profile/read_plan.hpp"
#include "reading/numbering.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <utility>

namespace gensetd::poller {

// What the device pollers of one thread share. Used on that thread only.
class PollContext {
 public:
  PollContext(boost::asio::io_context& its_io_context, link::Pool& its_links, ReadingQueue& readings,
              reading::Numbering& its_numbering);

  void publish(ReadingQueue::Item item);
  profile::ReadLayoutPtr reads(const profile::ProfilePtr& profile, modbus::Protocol protocol);

  // The devices of each line, so that they take turns with blocks that are not read in each cycle.
  void add_to_line(const link::Link& line, std::int64_t device_id) { lines_[&line].insert(device_id); }
  void remove_from_line(const link::Link& line, std::int64_t device_id);
  // The device's place by id among those of its line.
  std::int64_t rank(const link::Link& line, std::int64_t device_id) const;

  boost::asio::io_context& io_context;
  link::Pool& links;
  reading::Numbering& numbering;
  PollTotals totals;
  std::mt19937 random;

 private:
  void push_held_later();

  std::map<std::pair<profile::ProfilePtr, modbus::Protocol>, profile::ReadLayoutPtr> reads_;
  std::map<const link::Link*, std::set<std::int64_t>> lines_;
  ReadingQueue& readings_;
  boost::asio::steady_timer push_held_;
  bool is_push_scheduled_ = false;
};

}  // namespace gensetd::poller
