#include "poller/poll_thread.hpp"

#include "supervision/tasks.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <csignal>
#include <pthread.h>

namespace gensetd::poller {
namespace {

using std::chrono::steady_clock;

// Only the main thread handles signals; a thread inherits the signal mask of the thread that starts it.
std::thread start_without_signals(boost::asio::io_context& context) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread([&context] {
    ::pthread_setname_np(::pthread_self(), "poll");
    supervision::run(context, supervision::Task::poll_thread);
  });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

PollThreadState::PollThreadState(boost::asio::io_context& io_context, link::AddressPolicy policy,
                                 ReadingQueue& readings, reading::Numbering& numbering,
                                 std::shared_ptr<link::DescriptorBudget> descriptors)
    : links(io_context, policy, std::move(descriptors)), context(io_context, links, readings, numbering) {}

PollThread::PollThread(Options options, reading::Numbering& numbering)
    : heartbeat_(std::make_shared<supervision::Heartbeat>(fmt::format("polling thread {}", options.index + 1),
                                                          supervision::handler_silence_max,
                                                          steady_clock::now())),
      work_guard_(io_context_.get_executor()),
      state_(std::make_unique<PollThreadState>(io_context_, options.policy, readings_, numbering,
                                               std::move(options.descriptors))),
      beat_(io_context_.get_executor(), supervision::Task::poll_thread) {
  if (options.owner) owner_monitor_.watch(std::move(options.owner));
  beat_.start(supervision::HangMonitor::check_every, [this] {
    const auto now = steady_clock::now();
    heartbeat_->beat(now);
    owner_monitor_.check(now);
  });
  thread_ = start_without_signals(io_context_);
}

PollThread::~PollThread() {
  io_context_.stop();
  thread_.join();
  state_.reset();
}

void PollThread::start(PollTarget target, DevicePoller::StartOptions options) {
  post([target = std::move(target), options](PollThreadState& state) {
    // Retried while memory is short: nothing else would start the device.
    supervision::persist([&] {
      auto device = std::make_shared<DevicePoller>(state.context, target, options);
      device->start();
      state.devices[target.identity.device_id] = std::move(device);
    });
  });
}

void PollThread::update(PollTarget target) {
  post([target = std::move(target)](PollThreadState& state) mutable {
    const auto place = state.devices.find(target.identity.device_id);
    if (place != state.devices.end()) place->second->update(std::move(target));
  });
}

void PollThread::remove(std::int64_t device_id) {
  post([device_id](PollThreadState& state) { state.devices.erase(device_id); });
}

void PollThread::remove_all() {
  post([](PollThreadState& state) { state.devices.clear(); });
}

template <class Act>
void PollThread::post(Act act) {
  boost::asio::post(io_context_, [state = state_.get(), act = std::move(act)]() mutable { act(*state); });
}

}  // namespace gensetd::poller
