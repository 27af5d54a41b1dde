#include "http/dashboard_stream.hpp"

#include "reading/reading.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gensetd::http {
namespace {

constexpr std::uint16_t policy_violation = 1008;  // RFC 6455, 7.4.1

using std::chrono::milliseconds;

void append_milliseconds(std::string& out, std::string_view key, std::optional<milliseconds> time) {
  out += key;
  out += time ? std::to_string(time->count()) : "null";
}

// How much older the values of another process's reading were than the reading. Both of its times are those
// of the publisher's clock, so their distance is right even if the clock is not. Empty: it says that nothing
// was ever read, or its clock was set back since.
std::optional<milliseconds> lag_of(const reading::Reading& foreign) {
  constexpr std::string_view key = R"("last_seen":)";
  const auto found = foreign.json.find(key);
  if (found == std::string::npos) return milliseconds{0};  // a publisher that does not say
  std::string_view rest = std::string_view{foreign.json}.substr(found + key.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  if (!rest.starts_with('"')) return std::nullopt;
  const auto last_seen = reading::parse_timestamp(rest.substr(1, rest.find('"', 1) - 1));
  if (!last_seen || *last_seen > foreign.timestamp) return std::nullopt;
  return foreign.timestamp - *last_seen;
}

// How long ago the values of a reading were read, by this process's steady clock. Empty: never, or not known.
std::optional<milliseconds> age_of(const reading::Reading& reading, reading::SteadyTime now) {
  const auto since = [&](reading::SteadyTime then) {
    return std::max(milliseconds{0}, std::chrono::floor<milliseconds>(now - then));
  };
  if (!reading.facts) {
    const auto lag = lag_of(reading);
    return lag ? std::optional{since(reading.at) + *lag} : std::nullopt;
  }
  const auto& last_seen_at = reading.facts->last_seen_at;
  return last_seen_at ? std::optional{since(*last_seen_at)} : std::nullopt;
}

}  // namespace

DashboardStream::DashboardStream(std::shared_ptr<DashboardSource> source, Selection devices)
    : source_(std::move(source)) {
  subscription_.devices = std::move(devices);
}

void DashboardStream::begin() {
  begun_ = true;
  source_->overviews.enter();
  watch_devices();
  notices_subscription_ = source_->notices.subscribe(*this);
}

void DashboardStream::watch_devices() {
  const live::Hub::Subscription before = std::move(hub_subscription_);
  live::Hub& hub = source_->hub;
  hub_subscription_ =
      subscription_.devices ? hub.subscribe(*this, *subscription_.devices) : hub.subscribe(*this);
}

void DashboardStream::end() {
  if (!std::exchange(begun_, false)) return;
  source_->overviews.leave();
  const live::Hub::Subscription hub_ended = std::move(hub_subscription_);
  const live::Notices::Subscription notices_ended = std::move(notices_subscription_);
}

NextMessage DashboardStream::next(Moment now) {
  if (snapshot_) {
    if (ending_) return *ending_;  // a close frame may stand between the pieces of a message
    return snapshot_piece(now);
  }
  if (auto message = answer()) return std::move(*message);
  if (ending_) return *ending_;
  if (auto message = due(now)) {
    last_sent_ = now.steady;
    return std::move(*message);
  }
  return Silence{due_next()};
}

std::optional<OutgoingMessage> DashboardStream::answer() {
  if (std::exchange(pong_due_, false)) return OutgoingMessage{.text = "pong"};
  if (errors_.empty()) return std::nullopt;
  const BadMessage bad = std::move(errors_.front());
  errors_.pop_front();
  OutgoingMessage message{.text = R"({"type":"error","code":)"};
  reading::append_json_string(message.text, bad.code);
  message.text += R"(,"message":)";
  reading::append_json_string(message.text, bad.message);
  message.text += '}';
  return message;
}

std::optional<OutgoingMessage> DashboardStream::due(Moment now) {
  if (now.steady >= snapshot_due()) return snapshot_piece(now);
  if (snapshot_asked_) return std::nullopt;
  if (!removed_.empty()) return removal(now);
  if (!events_.empty()) return event(now);
  if (std::exchange(registry_changed_, false)) {
    OutgoingMessage message = begun("config", now);
    message.text += fmt::format(R"(,"config_rev":{}}})", source_->notices.registry_revision());
    return message;
  }
  if (!mailbox_.empty() && (hurried_ || now.steady >= batch_from_)) return batch(now);
  if (now.steady >= last_sent_ + heartbeat_after) {
    OutgoingMessage message = begun("hb", now);
    message.text += '}';
    return message;
  }
  return std::nullopt;
}

// The first one counts as asked for.
DashboardStream::SteadyTime DashboardStream::snapshot_due() const {
  if (snapshot_asked_) return hurried_ ? SteadyTime{} : asked_from_;
  return overflowed_ ? last_snapshot_ + snapshot_pause : SteadyTime::max();
}

// A client that asks again and again gets a few at once if they are small, and then as many as its time
// allows.
void DashboardStream::charge(const Snapshot& asked, SteadyTime now) {
  const std::chrono::milliseconds cost =
      asking_costs +
      std::chrono::milliseconds{static_cast<std::int64_t>(asked.bytes * 1'000 / asked_bytes_per_second)};
  asked_from_ = std::max(asked_from_, now - asking_time_saved_max) + cost;
}

DashboardStream::SteadyTime DashboardStream::due_next() const {
  if (snapshot_asked_) return snapshot_due();
  SteadyTime time = std::min(last_sent_ + heartbeat_after, snapshot_due());
  if (!mailbox_.empty()) time = std::min(time, batch_from_);
  return time;
}

OutgoingMessage DashboardStream::begun(std::string_view type, Moment now) {
  return {.text = fmt::format(R"({{"type":"{}","epoch":"{}","seq":{},"server_time":"{}")", type,
                              source_->epoch, ++seq_, reading::print_timestamp(now.wall))};
}

void DashboardStream::begin_snapshot(OutgoingMessage& piece, Moment now) {
  if (wanted_) {
    subscription_ = std::move(*wanted_);
    wanted_.reset();
    watch_devices();
  }
  drop_what_waits();
  snapshot_.emplace();
  snapshot_->began_at = now.steady;
  snapshot_->was_asked_for = std::exchange(snapshot_asked_, false);
  piece.text = fmt::format(
      R"({{"type":"snapshot","epoch":"{}","seq":{},"poll_interval":{},"config_rev":{},"ui_version":"{}",)"
      R"("view":"{}","data":[)",
      source_->epoch, ++seq_, source_->poll_interval, source_->notices.registry_revision(),
      source_->ui_version, to_word(subscription_.view));
}

// The time of the server comes last, as a page that learns the time from it takes it for that of its arrival.
// The ages in a piece are those of its production. A slow client takes the last piece long after the first
// one, so the end of the message says how much older its values can be by then.
OutgoingMessage DashboardStream::snapshot_piece(Moment now) {
  OutgoingMessage piece{.text = {}, .is_complete = false};
  if (!snapshot_) begin_snapshot(piece, now);
  if (!snapshot_->devices_told) append_devices(piece.text, now);
  piece.is_complete = snapshot_->devices_told && append_alarms(piece.text);
  snapshot_->bytes += piece.text.size();
  if (!piece.is_complete) return piece;
  const auto sending = std::chrono::ceil<milliseconds>(now.steady - snapshot_->began_at);
  piece.text += fmt::format(R"(],"sending_ms":{},"server_time":"{}"}})", sending.count(),
                            reading::print_timestamp(now.wall));
  if (snapshot_->was_asked_for) charge(*snapshot_, now.steady);
  snapshot_.reset();
  last_snapshot_ = now.steady;
  batch_from_ = now.steady + subscription_.batch_interval;
  return piece;
}

void DashboardStream::append_devices(std::string& text, Moment now) {
  while (text.size() < piece_bytes) {
    const live::ReadingPtr reading = snapshot_->devices.next(source_->hub, subscription_.devices);
    if (!reading) {
      text += R"(],"alarms":[)";
      snapshot_->devices_told = true;
      snapshot_->needs_comma = false;
      return;
    }
    if (std::exchange(snapshot_->needs_comma, true)) text += ',';
    append_entry(text, reading, now);
  }
}

bool DashboardStream::append_alarms(std::string& text) {
  while (text.size() < piece_bytes) {
    const std::vector<events::OpenAlarm> alarms = source_->alarms_behind(snapshot_->last_alarm);
    if (alarms.empty()) return true;
    for (const events::OpenAlarm& alarm : alarms) {
      if (std::exchange(snapshot_->needs_comma, true)) text += ',';
      text += alarm.json;
      // Told by this, in its newest state.
      std::erase_if(events_,
                    [&](const live::EventNotice& event) { return event.event_id == alarm.place.id; });
    }
    snapshot_->last_alarm = alarms.back().place;
  }
  return false;
}

OutgoingMessage DashboardStream::removal(Moment now) {
  OutgoingMessage message = begun("removed", now);
  message.text += fmt::format(R"(,"device_ids":[{}]}})", fmt::join(removed_, ","));
  removed_.clear();
  return message;
}

OutgoingMessage DashboardStream::event(Moment now) {
  OutgoingMessage message = begun("event", now);
  message.text += R"(,"event":)";
  message.text += *events_.front().json;
  message.text += '}';
  events_.pop_front();
  return message;
}

// What does not fit goes with the next batch, at once.
OutgoingMessage DashboardStream::batch(Moment now) {
  OutgoingMessage message = begun("batch", now);
  std::string& text = message.text;
  text += R"(,"data":[)";
  bool first = true;
  while (text.size() < piece_bytes) {
    const live::ReadingPtr newest = mailbox_.take();
    if (!newest) break;
    if (!std::exchange(first, false)) text += ',';
    append_entry(text, newest, now);
  }
  text += "]}";
  if (mailbox_.empty()) batch_from_ = now.steady + subscription_.batch_interval;
  return message;
}

void DashboardStream::append_entry(std::string& out, const live::ReadingPtr& reading, Moment now) const {
  const std::string& json = subscription_.view == View::full ? reading->json : source_->overviews.of(reading);
  out.append(json, 0, json.rfind('}'));  // another process's may have spaces behind it
  append_milliseconds(out, R"(,"cadence_ms":)", source_->hub.cadence(reading->device_id));
  append_milliseconds(out, R"(,"age_ms":)", age_of(*reading, now.steady));
  out += '}';
}

void DashboardStream::received(std::string_view text) {
  ClientMessage message = parse_client_message(text, wanted_ ? *wanted_ : subscription_);
  if (std::holds_alternative<Ping>(message)) {
    pong_due_ = true;
    wake();
  } else if (std::holds_alternative<Resync>(message)) {
    ask_for_snapshot();
  } else if (auto* wanted = std::get_if<Subscription>(&message)) {
    subscribe(std::move(*wanted));
  } else {
    refuse(std::move(std::get<BadMessage>(message)));
  }
}

void DashboardStream::received_binary() {
  refuse({"not_text", "send text messages: a JSON object, or the text ping"});
}

void DashboardStream::subscribe(Subscription wanted) {
  if (wanted.devices) {
    const auto unknown = std::ranges::find_if_not(*wanted.devices, source_->is_known);
    if (unknown != wanted.devices->end())
      return refuse({"unknown_device",
                     fmt::format("there is no device {}; the subscription stays as it was", *unknown)});
  }
  wanted_ = std::move(wanted);
  ask_for_snapshot();
}

void DashboardStream::refuse(BadMessage bad) {
  if (errors_.size() >= errors_waiting_max) {
    ending_ = Ending{policy_violation, "too many messages that are none of the protocol"};
  } else {
    errors_.push_back(std::move(bad));
  }
  wake();
}

void DashboardStream::ask_for_snapshot() {
  snapshot_asked_ = true;
  wake();
}

void DashboardStream::drop_what_waits() {
  mailbox_.clear();
  removed_.clear();
  events_.clear();
  registry_changed_ = false;
  overflowed_ = false;
}

// By the one under way or by one that will begin.
bool DashboardStream::is_told_by_snapshot(std::int64_t device_id) const {
  return snapshot_asked_ || (snapshot_ && !snapshot_->devices.has_told(device_id));
}

void DashboardStream::changed(const live::ReadingPtr& newest) {
  if (is_told_by_snapshot(newest->device_id)) return;
  const bool was_silent = mailbox_.empty();
  if (mailbox_.put(newest)) conflated();
  if (was_silent) wake();
}

void DashboardStream::removed(std::int64_t device_id) {
  source_->overviews.forget(device_id);
  if (is_told_by_snapshot(device_id)) return;
  mailbox_.forget(device_id);
  removed_.insert(device_id);
  if (removed_.size() > removed_waiting_max) {
    removed_.clear();
    overflowed_ = true;
  }
  wake();
}

void DashboardStream::event_changed(const live::EventNotice& notice) {
  if (snapshot_asked_ || overflowed_) return;  // the snapshot will tell
  const bool was_silent = events_.empty();
  const auto known = std::ranges::find(events_, notice.event_id, &live::EventNotice::event_id);
  if (known != events_.end()) {
    known->json = notice.json;
  } else {
    events_.push_back(notice);
  }
  if (events_.size() > events_waiting_max) {
    events_.clear();
    overflowed_ = true;
  }
  if (was_silent || overflowed_) wake();
}

void DashboardStream::registry_changed(std::uint64_t) {
  registry_changed_ = true;
  wake();
}

}  // namespace gensetd::http
