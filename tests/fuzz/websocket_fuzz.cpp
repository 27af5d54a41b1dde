#include "check.hpp"
#include "live/hub.hpp"
#include "profile/catalog.hpp"
#include "reading/reading.hpp"
#include "stream/client_message.hpp"
#include "stream/dashboard_stream.hpp"
#include "stream/specification_stream.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace gensetd;
namespace json = boost::json;
using std::chrono::milliseconds;

namespace {

constexpr std::int64_t devices_known = 80;  // more than fit one piece of a snapshot

live::ReadingPtr reading_of(std::int64_t device_id, std::int64_t time) {
  static const profile::Catalog catalog = profile::Catalog::built_in();
  reading::Content content{.identity = {device_id, "MKZ", "generator"},
                           .profile = catalog.find("hgm9560"),
                           .timestamp = reading::Timestamp{milliseconds{time}},
                           .online = true,
                           .last_seen = reading::Timestamp{milliseconds{time}},
                           .seq = static_cast<std::uint64_t>(time)};
  content.values.assign(content.profile->fields.size(), std::int64_t{1});
  return reading::make_reading(std::move(content));
}

json::object object_of(std::string_view text) {
  json::error_code failed;
  json::value parsed = json::parse(json::string_view(text.data(), text.size()), failed);
  check(!failed && parsed.is_object());
  return std::move(parsed.get_object());
}

// One client, and the guarantees of its stream.
class Client {
 public:
  Client(std::unique_ptr<stream::MessageSource> source, bool is_dashboard)
      : source_(std::move(source)), is_dashboard_(is_dashboard) {
    source_->begin();
  }
  ~Client() { source_->end(); }

  void send(std::string_view text, bool binary) {
    pong_pending_ |= text == "ping" && !binary;
    if (binary) {
      source_->received_binary();
    } else {
      source_->received(text);
    }
  }

  // Receives everything that is due. Messages are objects, 'pong' only follows a ping, seq grows by one,
  // errors have a text, and the messages end.
  void receive_all(std::chrono::steady_clock::time_point now) {
    for (int pieces = 0; receive_piece(now); ++pieces) check(pieces < 1'000);
  }

  // A message or a piece of one; false: no message is due, or the stream has ended.
  bool receive_piece(std::chrono::steady_clock::time_point now) {
    if (ended_) return false;
    const stream::NextMessage next = source_->next({now, reading::Timestamp{milliseconds{1}}});
    if (const auto* nothing_due = std::get_if<stream::NothingDue>(&next)) {
      check(!pong_pending_ && text_.empty() && nothing_due->until > now);
      return false;
    }
    if (const auto* close = std::get_if<stream::CloseFrame>(&next)) {
      ended_ = true;
      check(is_dashboard_ && close->code == 1008 && !close->reason.empty() && close->reason.size() <= 123);
      return false;
    }
    const auto& piece = std::get<stream::OutgoingMessage>(next);
    check(piece.view().size() < text::piece_bytes + 16'384);
    text_ += piece.view();
    if (piece.is_complete) check_message(std::exchange(text_, {}));
    return true;
  }

  bool ended() const { return ended_; }
  // The devices in its messages since the snapshot.
  const std::set<std::int64_t>& devices() const { return devices_; }

 private:
  void check_message(std::string_view text) {
    if (text == "pong") return check(std::exchange(pong_pending_, false));
    const json::object message = object_of(text);
    if (!is_dashboard_) return check(message.contains("type") || message.contains("device_id"));
    const std::string_view type{message.at("type").as_string().data(), message.at("type").as_string().size()};
    if (type == "error") {
      check(!message.at("code").as_string().empty() && !message.at("message").as_string().empty());
      return check(message.at("message").as_string().size() < 512);
    }
    check(std::cmp_equal(message.at("seq").as_int64(), ++seq_));
    if (type == "snapshot") devices_.clear();
    if (type != "snapshot" && type != "batch") return;
    for (const json::value& entry : message.at("data").as_array())
      devices_.insert(entry.as_object().at("device_id").as_int64());
  }

  std::unique_ptr<stream::MessageSource> source_;
  std::string text_;  // of the message that is not complete yet
  const bool is_dashboard_;
  std::set<std::int64_t> devices_;
  std::uint64_t seq_ = 0;
  bool pong_pending_ = false;
  bool ended_ = false;
};

// A `sub` message stays within the limits of a subscription; an error has a code and a text.
void try_message(std::string_view text) {
  const auto message = stream::parse_client_message(text, {});
  if (const auto* wanted = std::get_if<stream::DashboardSubscription>(&message)) {
    check(wanted->batch_interval >= milliseconds{50} && wanted->batch_interval <= milliseconds{5'000});
    check(!wanted->devices || wanted->devices->size() <= stream::devices_in_list_max);
    check(!wanted->devices || wanted->devices->empty() || *wanted->devices->begin() > 0);
  } else if (const auto* bad = std::get_if<stream::BadMessage>(&message)) {
    check(!bad->code.empty() && !bad->message.empty());
  }
}

}  // namespace

// Each line is a message of the client to both protocols, but for one that begins with a byte below 8: 0
// publishes a reading, or one of each device, 1 lets 100 ms pass, 2 10 s, 3 removes a device, 4 is a binary
// message, 5 changes the registry, 6 publishes an event, 7 lets the client receive only one piece before the
// next line. Finally the dashboard subscribes to all devices, and knows the same devices as the hub.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  live::Hub hub;
  live::NotificationHub notices;
  const auto source = std::make_shared<stream::DashboardContext>(
      stream::DashboardContext{.hub = hub,
                               .notices = notices,
                               .is_known = [](std::int64_t id) { return id <= devices_known; },
                               .alarms_after = [](const auto&) { return std::vector<events::OpenAlarm>{}; },
                               .epoch = "e",
                               .ui_version = "u",
                               .poll_interval = 2.0});
  std::chrono::steady_clock::time_point now{std::chrono::hours{1}};
  std::int64_t time = 0;
  hub.publish(reading_of(1, ++time));
  Client dashboard(std::make_unique<stream::DashboardStream>(source, std::nullopt), true);
  Client plain(std::make_unique<stream::SpecificationStream>(hub, std::nullopt), false);
  std::string_view rest{reinterpret_cast<const char*>(data), size};
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const int kind = line.empty() ? 8 : static_cast<unsigned char>(line.front());
    const std::int64_t device = line.size() > 1 ? static_cast<unsigned char>(line[1]) % devices_known + 1 : 1;
    if (kind == 0) hub.publish(reading_of(device, ++time));
    if (kind == 0 && line.size() > 1 && line[1] == '\xFF') {
      for (std::int64_t id = 1; id <= devices_known; ++id) hub.publish(reading_of(id, ++time));
    }
    if (kind == 1) now += milliseconds{100};
    if (kind == 2) now += milliseconds{10'000};
    if (kind == 3) hub.remove(device);
    if (kind == 5) notices.notify_registry_change();
    if (kind == 6) notices.notify_event({device, std::make_shared<const std::string>("{}")});
    if (kind == 4 || kind >= 8) {
      try_message(line);
      dashboard.send(line, kind == 4);
      plain.send(line, kind == 4);
    }
    if (kind == 7) {
      dashboard.receive_piece(now);
      plain.receive_piece(now);
      continue;
    }
    dashboard.receive_all(now);
    plain.receive_all(now);
  }
  dashboard.send(R"({"type":"sub","devices":null})", false);
  dashboard.receive_all(now += milliseconds{10'000});
  std::set<std::int64_t> held;
  for (const auto& reading : hub.all()) held.insert(reading->device_id);
  check(dashboard.ended() || dashboard.devices() == held);
  return 0;
}
