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
// Where answers come thick, the next are awaited here: one system call for what is there instead of three.
// What else the thread has to do waits no longer than a turn and a wait.
constexpr std::chrono::microseconds thick_within{200};  // from one to the next
constexpr std::chrono::milliseconds turn{1};
constexpr int wait_ms = 1;

int make_epoll() {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
  return epoll;
}

}  // namespace

boost::asio::execution_context::id Readiness::id;

void Readiness::Watch::begin(Readiness& readiness, int socket, Listener& listener) {
  end();
  place_ = readiness.add(socket, listener);
  readiness_ = &readiness;
  socket_ = socket;
}

void Readiness::Watch::end() {
  if (readiness_ != nullptr) readiness_->remove(socket_, place_);
  readiness_ = nullptr;
}

Readiness::Readiness(boost::asio::io_context& context) : service(context), all_(context, make_epoll()) {}

std::size_t Readiness::add(int socket, Listener& listener) {
  if (free_.empty()) {
    free_.push_back(places_.size());
    places_.emplace_back();
  }
  const std::size_t place = free_.back();
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP;
  event.data.u64 = std::uint64_t{places_[place].times} << 32U | place;
  if (::epoll_ctl(all_.native_handle(), EPOLL_CTL_ADD, socket, &event) != 0)
    throw std::system_error(errno, std::system_category(), "epoll_ctl");
  free_.pop_back();
  places_[place].listener = &listener;
  if (!waits_) wait();
  return place;
}

void Readiness::remove(int socket, std::size_t place) {
  if (all_.is_open()) ::epoll_ctl(all_.native_handle(), EPOLL_CTL_DEL, socket, nullptr);
  places_[place].listener = nullptr;
  ++places_[place].times;
  free_.push_back(place);
  boost::system::error_code ignored;
  if (!watches_any()) all_.cancel(ignored);
}

void Readiness::wait() {
  all_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                  [this](boost::system::error_code aborted) {
                    waits_ = false;
                    if (!all_.is_open()) return;
                    // All sockets of the thread depend on this wait, so nothing may end it.
                    if (!aborted)
                      supervision::attempt(supervision::Task::poll_thread, {},
                                           "its sockets are looked at again", [this] { tell_ready(); });
                    supervision::persist([this] {
                      if (watches_any() && !waits_) wait();
                    });
                  });
  waits_ = true;
}

void Readiness::tell_ready() {
  const auto began = steady_clock::now();
  const bool come_thick = began - told_at_ < thick_within;
  int timeout = 0;
  while (tell(timeout)) {
    told_at_ = steady_clock::now();
    if (!come_thick || told_at_ - began > turn || !watches_any()) return;
    timeout = wait_ms;
  }
}

// False: there was nothing to tell.
bool Readiness::tell(int timeout_ms) {
  std::array<epoll_event, events_at_once> events;
  const int count =
      ::epoll_wait(all_.native_handle(), events.data(), static_cast<int>(events.size()), timeout_ms);
  for (const auto pass : {&Listener::hear, &Listener::act, &Listener::send}) {
    for (int index = 0; index < count; ++index) {
      const std::uint64_t data = events[static_cast<std::size_t>(index)].data.u64;
      const Place place = places_[data & 0xFFFF'FFFFU];
      if (place.listener != nullptr && place.times == data >> 32U) (place.listener->*pass)();
    }
  }
  return count > 0;
}

}  // namespace gensetd::link
