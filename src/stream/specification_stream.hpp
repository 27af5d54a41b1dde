#pragma once

#include "live/mailbox.hpp"
#include "stream/device_walk.hpp"
#include "stream/message_source.hpp"
#include "stream/selection.hpp"

#include <optional>

namespace gensetd::stream {

// The protocol of the specification: a snapshot, then each newer reading as a plain object. The response to
// 'ping' is 'pong'. Removal of a device is not reported; its readings end.
class SpecificationStream final : public MessageSource, public live::ReadingListener {
 public:
  SpecificationStream(live::Hub& hub, Selection selection) : hub_(hub), selection_(std::move(selection)) {}

  void begin() override {
    subscription_ = selection_ ? hub_.subscribe(*this, *selection_) : hub_.subscribe(*this);
  }
  void end() override { const live::Hub::Subscription ended = std::move(subscription_); }
  NextMessage next(ClockPair now) override;
  void received(std::string_view text) override;
  void received_binary() override {}
  void flush() override {}

 private:
  void changed(const live::ReadingPtr& newest) override;
  void removed(std::int64_t device_id) override { mailbox_.forget(device_id); }
  OutgoingMessage snapshot_piece();

  live::Hub& hub_;
  const Selection selection_;
  live::Mailbox mailbox_;  // bounded by the number of devices
  live::Hub::Subscription subscription_;
  std::optional<DeviceWalk> snapshot_ = DeviceWalk{};  // until it was sent completely
  bool snapshot_begun_ = false;                        // its first piece was sent
  bool pong_due_ = false;  // at most one is pending, however many pings are received
};

}  // namespace gensetd::stream
