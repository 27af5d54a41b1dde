#include "link/readiness.hpp"

#include "supervision/exceptions.hpp"

#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <system_error>

namespace gensetd::link {

using std::chrono::steady_clock;

namespace {

constexpr std::size_t events_at_once = 64;
// During a burst of responses, wait for the next ones here: one system call instead of three. Other work of
// the thread is delayed by at most burst_time_max and one wait.
constexpr std::chrono::microseconds burst_gap_max{200};  // between two dispatches
constexpr std::chrono::milliseconds burst_time_max{1};
constexpr int wait_ms = 1;

int make_epoll() {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
  return epoll;
}

}  // namespace

boost::asio::execution_context::id Readiness::id;

void Readiness::Registration::begin(Readiness& readiness, int socket, Listener& listener) {
  end();
  slot_ = readiness.add(socket, listener);
  readiness_ = &readiness;
  socket_ = socket;
}

void Readiness::Registration::end() {
  if (readiness_ != nullptr) readiness_->remove(socket_, slot_);
  readiness_ = nullptr;
}

Readiness::Readiness(boost::asio::io_context& context) : service(context), epoll_(context, make_epoll()) {}

std::size_t Readiness::add(int socket, Listener& listener) {
  if (free_.empty()) {
    free_.push_back(slots_.size());
    slots_.emplace_back();
  }
  const std::size_t slot = free_.back();
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP;
  event.data.u64 = std::uint64_t{slots_[slot].generation} << 32U | slot;
  if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, socket, &event) != 0)
    throw std::system_error(errno, std::system_category(), "epoll_ctl");
  free_.pop_back();
  slots_[slot].listener = &listener;
  if (!is_waiting_) wait();
  return slot;
}

void Readiness::remove(int socket, std::size_t slot) {
  if (epoll_.is_open()) ::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, socket, nullptr);
  slots_[slot].listener = nullptr;
  ++slots_[slot].generation;
  free_.push_back(slot);
  boost::system::error_code ignored;
  if (!watches_any()) epoll_.cancel(ignored);
}

void Readiness::wait() {
  epoll_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [this](boost::system::error_code aborted) {
                      is_waiting_ = false;
                      if (!epoll_.is_open()) return;
                      // All sockets of the thread depend on this wait, so it must be started again after any
                      // error.
                      if (!aborted)
                        supervision::attempt(supervision::Task::poll_thread, {},
                                             "its sockets are checked again", [this] { dispatch_ready(); });
                      supervision::persist([this] {
                        if (watches_any() && !is_waiting_) wait();
                      });
                    });
  is_waiting_ = true;
}

void Readiness::dispatch_ready() {
  const auto began = steady_clock::now();
  const bool is_burst = began - dispatched_at_ < burst_gap_max;
  int timeout = 0;
  while (dispatch(timeout)) {
    dispatched_at_ = steady_clock::now();
    if (!is_burst || dispatched_at_ - began > burst_time_max || !watches_any()) return;
    timeout = wait_ms;
  }
}

// False: no socket was ready.
bool Readiness::dispatch(int timeout_ms) {
  std::array<epoll_event, events_at_once> events;
  const int count =
      ::epoll_wait(epoll_.native_handle(), events.data(), static_cast<int>(events.size()), timeout_ms);
  for (const auto pass : {&Listener::receive, &Listener::process, &Listener::send}) {
    for (int index = 0; index < count; ++index) {
      const std::uint64_t data = events[static_cast<std::size_t>(index)].data.u64;
      const Slot slot = slots_[data & 0xFFFF'FFFFU];
      if (slot.listener != nullptr && slot.generation == data >> 32U) (slot.listener->*pass)();
    }
  }
  return count > 0;
}

}  // namespace gensetd::link
