#include "poller/poll_thread.hpp"

#include <boost/asio/post.hpp>

#include <csignal>
#include <pthread.h>

namespace gensetd::poller {
namespace {

// Signals are the main thread's: a thread begins with the mask of the one that started it.
std::thread start_without_signals(boost::asio::io_context& context) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread([&context] {
    ::pthread_setname_np(::pthread_self(), "poll");
    context.run();
  });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

Crew::Crew(boost::asio::io_context& context, link::AddressPolicy policy, Handover& handover,
           reading::Numbering& numbering)
    : links(context, policy), surroundings(context, links, handover, numbering) {}

PollThread::PollThread(link::AddressPolicy policy, reading::Numbering& numbering)
    : goes_on_(context_.get_executor()),
      crew_(std::make_unique<Crew>(context_, policy, handover_, numbering)),
      thread_(start_without_signals(context_)) {}

PollThread::~PollThread() {
  context_.stop();
  thread_.join();
  crew_.reset();
}

void PollThread::start(Target target, DevicePoller::Beginning beginning) {
  post([target = std::move(target), beginning](Crew& crew) mutable {
    const std::int64_t id = target.identity.device_id;
    auto device = std::make_shared<DevicePoller>(crew.surroundings, std::move(target), beginning);
    device->start();
    crew.devices[id] = std::move(device);
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
