#include "stream/dashboard_stream.hpp"

#include "reading/reading.hpp"
#include "text/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gensetd::stream {
namespace {

constexpr std::uint16_t policy_violation = 1008;  // RFC 6455, section 7.4.1

using std::chrono::milliseconds;

void append_milliseconds(std::string& out, std::string_view key, std::optional<milliseconds> time) {
  out += key;
  out += time ? std::to_string(time->count()) : "null";
}

// The age of the values when another process published its reading. Both times are from the publisher's
// clock, so their difference is right even if the clock is not. Empty: the device was never read, or that
// clock was set back in between.
std::optional<milliseconds> lag_of(const reading::Reading& foreign) {
  constexpr std::string_view key = R"("last_seen":)";
  const auto found = foreign.json.find(key);
  if (found == std::string::npos) return milliseconds{0};  // the publisher sends no last_seen
  std::string_view rest = std::string_view{foreign.json}.substr(found + key.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  if (!rest.starts_with('"')) return std::nullopt;
  const auto last_seen = reading::parse_timestamp(rest.substr(1, rest.find('"', 1) - 1));
  if (!last_seen || *last_seen > foreign.timestamp) return std::nullopt;
  return foreign.timestamp - *last_seen;
}

// How long ago the values of a reading were read, by this process's steady clock. Empty: never, or unknown.
std::optional<milliseconds> age_of(const reading::Reading& reading, reading::SteadyTime now) {
  const auto since = [&](reading::SteadyTime then) {
    return std::max(milliseconds{0}, std::chrono::floor<milliseconds>(now - then));
  };
  if (!reading.content) {
    const auto lag = lag_of(reading);
    return lag ? std::optional{since(reading.at) + *lag} : std::nullopt;
  }
  const auto& last_seen_at = reading.content->last_seen_at;
  return last_seen_at ? std::optional{since(*last_seen_at)} : std::nullopt;
}

}  // namespace

DashboardStream::DashboardStream(std::shared_ptr<DashboardContext> context, Selection devices)
    : context_(std::move(context)) {
  subscription_.devices = std::move(devices);
}

void DashboardStream::begin() {
  begun_ = true;
  context_->overviews.add_user();
  watch_devices();
  notices_subscription_ = context_->notices.subscribe(*this);
}

void DashboardStream::watch_devices() {
  const live::Hub::Subscription before = std::move(hub_subscription_);
  live::Hub& hub = context_->hub;
  hub_subscription_ =
      subscription_.devices ? hub.subscribe(*this, *subscription_.devices) : hub.subscribe(*this);
}

void DashboardStream::end() {
  if (!std::exchange(begun_, false)) return;
  context_->overviews.remove_user();
  const live::Hub::Subscription hub_ended = std::move(hub_subscription_);
  const live::NotificationHub::Subscription notices_ended = std::move(notices_subscription_);
}

NextMessage DashboardStream::next(ClockPair now) {
  if (snapshot_) {
    if (close_) return *close_;  // a close frame is allowed between the pieces of a message
    return snapshot_piece(now);
  }
  if (auto message = response()) return std::move(*message);
  if (close_) return *close_;
  if (auto message = due(now)) {
    last_sent_ = now.steady;
    return std::move(*message);
  }
  return NothingDue{next_due()};
}

std::optional<OutgoingMessage> DashboardStream::response() {
  if (std::exchange(pong_due_, false)) return OutgoingMessage{.text = "pong"};
  if (errors_.empty()) return std::nullopt;
  const BadMessage bad = std::move(errors_.front());
  errors_.pop_front();
  OutgoingMessage message{.text = R"({"type":"error","code":)"};
  text::append_json_string(message.text, bad.code);
  message.text += R"(,"message":)";
  text::append_json_string(message.text, bad.message);
  message.text += '}';
  return message;
}

std::optional<OutgoingMessage> DashboardStream::due(ClockPair now) {
  if (now.steady >= snapshot_due()) return snapshot_piece(now);
  if (snapshot_requested_) return std::nullopt;
  if (!removed_.empty()) return removal(now);
  if (!events_.empty()) return event(now);
  if (std::exchange(registry_changed_, false)) {
    OutgoingMessage message = message_of_type("config", now);
    message.text += fmt::format(R"(,"config_rev":{}}})", context_->notices.registry_revision());
    return message;
  }
  if (!mailbox_.empty() && (flushing_ || now.steady >= batch_from_)) return batch(now);
  if (now.steady >= last_sent_ + heartbeat_after) {
    OutgoingMessage message = message_of_type("hb", now);
    message.text += '}';
    return message;
  }
  return std::nullopt;
}

// The first snapshot counts as requested.
DashboardStream::SteadyTime DashboardStream::snapshot_due() const {
  if (snapshot_requested_) return flushing_ ? SteadyTime{} : requested_from_;
  return overflowed_ ? last_snapshot_ + snapshot_pause : SteadyTime::max();
}

// Repeated requests: a few small snapshots are sent at once, further ones at the limited rate.
void DashboardStream::charge(const Snapshot& requested, SteadyTime now) {
  const std::chrono::milliseconds cost =
      request_cost + std::chrono::milliseconds{
                         static_cast<std::int64_t>(requested.bytes * 1'000 / requested_bytes_per_second)};
  requested_from_ = std::max(requested_from_, now - request_credit_max) + cost;
}

DashboardStream::SteadyTime DashboardStream::next_due() const {
  if (snapshot_requested_) return snapshot_due();
  SteadyTime time = std::min(last_sent_ + heartbeat_after, snapshot_due());
  if (!mailbox_.empty()) time = std::min(time, batch_from_);
  return time;
}

OutgoingMessage DashboardStream::message_of_type(std::string_view type, ClockPair now) {
  return {.text = fmt::format(R"({{"type":"{}","epoch":"{}","seq":{},"server_time":"{}")", type,
                              context_->epoch, ++seq_, reading::print_timestamp(now.wall))};
}

void DashboardStream::start_snapshot(OutgoingMessage& piece, ClockPair now) {
  if (next_subscription_) {
    subscription_ = std::move(*next_subscription_);
    next_subscription_.reset();
    watch_devices();
  }
  discard_pending();
  snapshot_.emplace();
  snapshot_->began_at = now.steady;
  snapshot_->was_requested = std::exchange(snapshot_requested_, false);
  piece.text = fmt::format(
      R"({{"type":"snapshot","epoch":"{}","seq":{},"poll_interval":{},"config_rev":{},"ui_version":"{}",)"
      R"("view":"{}","data":[)",
      context_->epoch, ++seq_, context_->poll_interval, context_->notices.registry_revision(),
      context_->ui_version, to_word(subscription_.view));
}

// server_time is the last field, because the page takes it as the time at which the message arrives. The ages
// in a piece are those when the piece was made. A slow client takes the last piece long after the first, so
// sending_ms at the end says how much older the values can be by then.
OutgoingMessage DashboardStream::snapshot_piece(ClockPair now) {
  OutgoingMessage piece{.text = {}, .is_complete = false};
  if (!snapshot_) start_snapshot(piece, now);
  if (!snapshot_->devices_done) append_devices(piece.text, now);
  piece.is_complete = snapshot_->devices_done && append_alarms(piece.text);
  snapshot_->bytes += piece.text.size();
  if (!piece.is_complete) return piece;
  const auto sending = std::chrono::ceil<milliseconds>(now.steady - snapshot_->began_at);
  piece.text += fmt::format(R"(],"sending_ms":{},"server_time":"{}"}})", sending.count(),
                            reading::print_timestamp(now.wall));
  if (snapshot_->was_requested) charge(*snapshot_, now.steady);
  snapshot_.reset();
  last_snapshot_ = now.steady;
  batch_from_ = now.steady + subscription_.batch_interval;
  return piece;
}

void DashboardStream::append_devices(std::string& text, ClockPair now) {
  while (text.size() < text::piece_bytes) {
    const live::ReadingPtr reading = snapshot_->devices.next(context_->hub, subscription_.devices);
    if (!reading) {
      text += R"(],"alarms":[)";
      snapshot_->devices_done = true;
      snapshot_->needs_comma = false;
      return;
    }
    if (std::exchange(snapshot_->needs_comma, true)) text += ',';
    append_entry(text, reading, now);
  }
}

bool DashboardStream::append_alarms(std::string& text) {
  while (text.size() < text::piece_bytes) {
    const std::vector<events::OpenAlarm> alarms = context_->alarms_after(snapshot_->last_alarm);
    if (alarms.empty()) return true;
    for (const events::OpenAlarm& alarm : alarms) {
      if (std::exchange(snapshot_->needs_comma, true)) text += ',';
      text += alarm.json;
      // The entry contains the newest state.
      std::erase_if(
          events_, [&](const live::EventNotification& event) { return event.event_id == alarm.position.id; });
    }
    snapshot_->last_alarm = alarms.back().position;
  }
  return false;
}

OutgoingMessage DashboardStream::removal(ClockPair now) {
  OutgoingMessage message = message_of_type("removed", now);
  message.text += fmt::format(R"(,"device_ids":[{}]}})", fmt::join(removed_, ","));
  removed_.clear();
  return message;
}

OutgoingMessage DashboardStream::event(ClockPair now) {
  OutgoingMessage message = message_of_type("event", now);
  message.text += R"(,"event":)";
  message.text += *events_.front().json;
  message.text += '}';
  events_.pop_front();
  return message;
}

// Readings that do not fit are sent at once with another batch.
OutgoingMessage DashboardStream::batch(ClockPair now) {
  OutgoingMessage message = message_of_type("batch", now);
  std::string& text = message.text;
  text += R"(,"data":[)";
  bool first = true;
  while (text.size() < text::piece_bytes) {
    const live::ReadingPtr newest = mailbox_.take();
    if (!newest) break;
    if (!std::exchange(first, false)) text += ',';
    append_entry(text, newest, now);
  }
  text += "]}";
  if (mailbox_.empty()) batch_from_ = now.steady + subscription_.batch_interval;
  return message;
}

void DashboardStream::append_entry(std::string& out, const live::ReadingPtr& reading, ClockPair now) const {
  const std::string& json =
      subscription_.view == ReadingView::full ? reading->json : context_->overviews.overview_of(reading);
  out.append(json, 0, json.rfind('}'));  // JSON of another process may end with spaces
  append_milliseconds(out, R"(,"cadence_ms":)", context_->hub.reading_interval(reading->device_id));
  append_milliseconds(out, R"(,"age_ms":)", age_of(*reading, now.steady));
  out += '}';
}

void DashboardStream::received(std::string_view text) {
  ClientMessage message =
      parse_client_message(text, next_subscription_ ? *next_subscription_ : subscription_);
  if (std::holds_alternative<Ping>(message)) {
    pong_due_ = true;
    wake();
  } else if (std::holds_alternative<Resync>(message)) {
    request_snapshot();
  } else if (auto* requested = std::get_if<DashboardSubscription>(&message)) {
    subscribe(std::move(*requested));
  } else {
    refuse(std::move(std::get<BadMessage>(message)));
  }
}

void DashboardStream::received_binary() {
  refuse({"not_text", "send text messages: a JSON object, or the text ping"});
}

void DashboardStream::subscribe(DashboardSubscription requested) {
  if (requested.devices) {
    const auto unknown = std::ranges::find_if_not(*requested.devices, context_->is_known);
    if (unknown != requested.devices->end())
      return refuse(
          {"unknown_device", fmt::format("there is no device {}; the subscription is unchanged", *unknown)});
  }
  next_subscription_ = std::move(requested);
  request_snapshot();
}

void DashboardStream::refuse(BadMessage bad) {
  if (errors_.size() >= errors_pending_max) {
    close_ = CloseFrame{policy_violation, "too many invalid messages"};
  } else {
    errors_.push_back(std::move(bad));
  }
  wake();
}

void DashboardStream::request_snapshot() {
  snapshot_requested_ = true;
  wake();
}

void DashboardStream::discard_pending() {
  mailbox_.clear();
  removed_.clear();
  events_.clear();
  registry_changed_ = false;
  overflowed_ = false;
}

// In the snapshot that is being sent, or in one that will begin.
bool DashboardStream::is_in_coming_snapshot(std::int64_t device_id) const {
  return snapshot_requested_ || (snapshot_ && !snapshot_->devices.has_passed(device_id));
}

void DashboardStream::changed(const live::ReadingPtr& newest) {
  if (is_in_coming_snapshot(newest->device_id)) return;
  const bool was_empty = mailbox_.empty();
  if (mailbox_.put(newest)) conflated();
  if (was_empty) wake();
}

void DashboardStream::removed(std::int64_t device_id) {
  context_->overviews.forget(device_id);
  if (is_in_coming_snapshot(device_id)) return;
  mailbox_.forget(device_id);
  removed_.insert(device_id);
  if (removed_.size() > removed_pending_max) {
    removed_.clear();
    overflowed_ = true;
  }
  wake();
}

void DashboardStream::event_changed(const live::EventNotification& notice) {
  if (snapshot_requested_ || overflowed_) return;  // the snapshot contains it
  const bool was_empty = events_.empty();
  const auto known = std::ranges::find(events_, notice.event_id, &live::EventNotification::event_id);
  if (known != events_.end()) {
    known->json = notice.json;
  } else {
    events_.push_back(notice);
  }
  if (events_.size() > events_pending_max) {
    events_.clear();
    overflowed_ = true;
  }
  if (was_empty || overflowed_) wake();
}

void DashboardStream::registry_changed(std::uint64_t) {
  registry_changed_ = true;
  wake();
}

}  // namespace gensetd::stream
