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

// An HGM9520N that begins its next cycle as soon as one ends; counts its answers in `requests`. Throws
// std::runtime_error from the link's call when there is none, or no value in it.
class RestlessDevice final : public link::Requester {
 public:
  RestlessDevice(link::Pool& links, std::string host, std::uint16_t port, const profile::ReadsPtr& reads,
                 std::uint64_t& requests)
      : profile_(reads->profile), cycle_(reads), requests_(requests) {
    address_.host = std::move(host);
    address_.port = port;
    address_.protocol = modbus::Protocol::tcp;
    link_ = links.get(address_.host, port);
    follow(cycle_.begin(true));
  }
  ~RestlessDevice() { link_->withdraw(*this); }
  RestlessDevice(const RestlessDevice&) = delete;
  RestlessDevice& operator=(const RestlessDevice&) = delete;

 private:
  void finished(const link::Outcome& outcome) override {
    if (outcome.error) throw std::runtime_error("no answer: " + outcome.error.message());
    ++requests_;
    follow(cycle_.took(outcome));
  }
  void follow(const poller::Step& step) {
    if (const auto* ask = std::get_if<poller::Ask>(&step)) {
      link_->submit(*this,
                    poller::transaction_of(address_, *profile_, ask->request, std::chrono::seconds{60}));
    } else if (std::holds_alternative<poller::Finished>(step)) {
      if (!cycle_.values().front()) throw std::runtime_error("a value is missing");
      follow(cycle_.begin(true));
    }
  }

  const profile::ProfilePtr profile_;
  poller::Address address_;
  poller::Cycle cycle_;
  std::shared_ptr<link::Link> link_;
  std::uint64_t& requests_;
};

}  // namespace gensetd::bench
