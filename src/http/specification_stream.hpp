#pragma once

#include "http/device_walk.hpp"
#include "http/message_source.hpp"
#include "http/selection.hpp"
#include "live/mailbox.hpp"

#include <optional>

namespace gensetd::http {

// The specification's protocol: a snapshot, then each newer reading as its bare object; 'ping' is answered
// 'pong'. A removed device is not told, its readings just end.
class SpecificationStream final : public MessageSource, public live::Listener {
 public:
  SpecificationStream(live::Hub& hub, Selection selection) : hub_(hub), selection_(std::move(selection)) {}

  void begin() override {
    subscription_ = selection_ ? hub_.subscribe(*this, *selection_) : hub_.subscribe(*this);
  }
  void end() override { const live::Hub::Subscription ended = std::move(subscription_); }
  NextMessage next(Moment now) override;
  void received(std::string_view text) override;
  void received_binary() override {}
  void hurry() override {}

 private:
  void changed(const live::ReadingPtr& newest) override;
  void removed(std::int64_t device_id) override { mailbox_.forget(device_id); }
  OutgoingMessage snapshot_piece();

  live::Hub& hub_;
  const Selection selection_;
  live::Mailbox mailbox_;  // bounded by the number of devices
  live::Hub::Subscription subscription_;
  std::optional<DeviceWalk> snapshot_ = DeviceWalk{};  // until all of it was told
  bool snapshot_begun_ = false;                        // its first piece was told
  bool pong_due_ = false;                              // at most one waits, however many pings come
};

}  // namespace gensetd::http
