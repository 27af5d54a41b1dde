#include "poller/poll_context.hpp"

#include "supervision/exceptions.hpp"

#include <chrono>
#include <iterator>

namespace gensetd::poller {
namespace {

constexpr std::chrono::milliseconds push_held_every{20};

}  // namespace

PollContext::PollContext(boost::asio::io_context& its_io_context, link::Pool& its_links,
                         ReadingQueue& readings, reading::Numbering& its_numbering)
    : io_context(its_io_context),
      links(its_links),
      numbering(its_numbering),
      random{std::random_device{}()},
      readings_(readings),
      push_held_(its_io_context) {}

profile::ReadLayoutPtr PollContext::reads(const profile::ProfilePtr& profile, modbus::Protocol protocol) {
  profile::ReadLayoutPtr& place = reads_[{profile, protocol}];
  if (!place) place = profile::read_layout_of(profile, protocol);
  return place;
}

void PollContext::remove_from_line(const link::Link& line, std::int64_t device_id) {
  const auto place = lines_.find(&line);
  if (place == lines_.end()) return;
  place->second.erase(device_id);
  if (place->second.empty()) lines_.erase(place);
}

std::int64_t PollContext::rank(const link::Link& line, std::int64_t device_id) const {
  const auto place = lines_.find(&line);
  if (place == lines_.end()) return 0;
  const auto& ids = place->second;
  return std::distance(ids.begin(), ids.lower_bound(device_id));
}

void PollContext::publish(ReadingQueue::Item item) {
  readings_.push(std::move(item));
  if (!readings_.has_held() || is_push_scheduled_) return;
  push_held_later();
  is_push_scheduled_ = true;
}

void PollContext::push_held_later() {
  push_held_.expires_after(push_held_every);
  push_held_.async_wait([this](boost::system::error_code aborted) {
    if (aborted) return;
    readings_.push_held();
    is_push_scheduled_ = readings_.has_held();
    if (is_push_scheduled_) supervision::persist([this] { push_held_later(); });
  });
}

}  // namespace gensetd::poller
