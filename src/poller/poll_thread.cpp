#include "poller/poll_thread.hpp"

#include "supervision/tasks.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <csignal>
#include <pthread.h>

namespace gensetd::poller {
namespace {

using std::chrono::steady_clock;

// A thread that does not stamp for longer hangs: no handler may take so long.
constexpr std::chrono::seconds silence_allowed{5};

// Signals are the main thread's: a thread begins with the mask of the one that started it.
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

Crew::Crew(boost::asio::io_context& context, link::AddressPolicy policy, Handover& handover,
           reading::Numbering& numbering, std::shared_ptr<link::DescriptorBudget> descriptors)
    : links(context, policy, std::move(descriptors)), surroundings(context, links, handover, numbering) {}

PollThread::PollThread(Options options, reading::Numbering& numbering)
    : heartbeat_(std::make_shared<supervision::Heartbeat>(fmt::format("polling thread {}", options.index + 1),
                                                          silence_allowed, steady_clock::now())),
      goes_on_(context_.get_executor()),
      crew_(std::make_unique<Crew>(context_, options.policy, handover_, numbering,
                                   std::move(options.descriptors))),
      beat_(context_.get_executor(), supervision::Task::poll_thread) {
  if (options.owner) owner_monitor_.watch(std::move(options.owner));
  beat_.start(supervision::HangMonitor::check_every, [this] {
    const auto now = steady_clock::now();
    heartbeat_->beat(now);
    owner_monitor_.check(now);
  });
  thread_ = start_without_signals(context_);
}

PollThread::~PollThread() {
  context_.stop();
  thread_.join();
  crew_.reset();
}

void PollThread::start(Target target, DevicePoller::Beginning beginning) {
  post([target = std::move(target), beginning](Crew& crew) {
    // Tried again while memory is short: nothing else would start the device.
    supervision::persist([&] {
      auto device = std::make_shared<DevicePoller>(crew.surroundings, target, beginning);
      device->start();
      crew.devices[target.identity.device_id] = std::move(device);
    });
  });
}

void PollThread::adopt(Target target) {
  post([target = std::move(target)](Crew& crew) mutable {
    const auto place = crew.devices.find(target.identity.device_id);
    if (place != crew.devices.end()) place->second->adopt(std::move(target));
  });
}

void PollThread::forget(std::int64_t device_id) {
  post([device_id](Crew& crew) { crew.devices.erase(device_id); });
}

void PollThread::forget_all() {
  post([](Crew& crew) { crew.devices.clear(); });
}

template <class Do>
void PollThread::post(Do act) {
  boost::asio::post(context_, [crew = crew_.get(), act = std::move(act)]() mutable { act(*crew); });
}

}  // namespace gensetd::poller
