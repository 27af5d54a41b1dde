#pragma once

#include "link/link.hpp"
#include "poller/cycle.hpp"
#include "poller/transaction_of.hpp"
#include "profile/catalog.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace gensetd::bench {

// Polls an HGM9520N without pauses between cycles and counts the responses in `requests`. Throws
// std::runtime_error from the link's call if a response or value is missing.
class ContinuousDevice final : public link::TransactionHandler {
 public:
  ContinuousDevice(link::Pool& links, std::string host, std::uint16_t port,
                   const profile::ReadLayoutPtr& reads, std::uint64_t& requests)
      : profile_(reads->profile), cycle_(reads), requests_(requests) {
    address_.host = std::move(host);
    address_.port = port;
    address_.protocol = modbus::Protocol::tcp;
    link_ = links.get(address_.host, port);
    follow(cycle_.begin(true));
  }
  ~ContinuousDevice() { link_->withdraw(*this); }
  ContinuousDevice(const ContinuousDevice&) = delete;
  ContinuousDevice& operator=(const ContinuousDevice&) = delete;

 private:
  void finished(const link::Outcome& outcome) override {
    if (outcome.error) throw std::runtime_error("no response: " + outcome.error.message());
    ++requests_;
    follow(cycle_.process(outcome));
  }
  void follow(const poller::Step& step) {
    if (const auto* send = std::get_if<poller::SendRequest>(&step)) {
      link_->submit(*this,
                    poller::transaction_of(address_, *profile_, send->request, std::chrono::seconds{60}));
    } else if (std::holds_alternative<poller::CycleFinished>(step)) {
      if (!cycle_.values().front()) throw std::runtime_error("a value is missing");
      follow(cycle_.begin(true));
    }
  }

  const profile::ProfilePtr profile_;
  poller::DeviceAddress address_;
  poller::Cycle cycle_;
  std::shared_ptr<link::Link> link_;
  std::uint64_t& requests_;
};

}  // namespace gensetd::bench
