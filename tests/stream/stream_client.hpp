#pragma once

#include "profile/catalog.hpp"
#include "stream/dashboard_stream.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <variant>
#include <vector>

// A client of the dashboard stream without sockets and real time: the next message after given changes, at a
// given time.
namespace gensetd::stream {

inline const profile::Catalog& catalog() {
  static const profile::Catalog built_in = profile::Catalog::built_in();
  return built_in;
}

inline live::ReadingPtr reading_at(std::int64_t device_id, std::int64_t milliseconds_, bool online = true) {
  reading::Content content{.identity = {device_id, "MKZ", "generator"},
                           .profile = catalog().find("hgm9520n"),
                           .timestamp = reading::Timestamp{std::chrono::milliseconds{milliseconds_}},
                           .at = reading::SteadyTime{std::chrono::milliseconds{milliseconds_}},
                           .online = online,
                           .last_seen = reading::Timestamp{std::chrono::milliseconds{milliseconds_}},
                           .last_seen_at = reading::SteadyTime{std::chrono::milliseconds{milliseconds_}},
                           .seq = static_cast<std::uint64_t>(milliseconds_) + 1};
  content.values.assign(content.profile->fields.size(), std::int64_t{1});
  return reading::make_reading(std::move(content));
}

// A client of a hub with its own clock.
struct Client {
  explicit Client(std::shared_ptr<DashboardContext> source, Selection devices = std::nullopt)
      : stream(std::move(source), std::move(devices)) {
    stream.wake = [this] { ++wakes; };
    stream.begin();
  }

  // The next message as an object; {"nothing_due":ms} when there is none, or {"close":code}.
  boost::json::object next() {
    NextMessage next = next_piece();
    if (const auto* message = std::get_if<OutgoingMessage>(&next)) {
      std::string text{message->view()};
      while (!std::get<OutgoingMessage>(next).is_complete) {
        next = next_piece();
        text += std::get<OutgoingMessage>(next).view();
      }
      if (text == "pong") return {{"type", "pong"}};
      return boost::json::parse(text).as_object();
    }
    if (const auto* close = std::get_if<CloseFrame>(&next)) return {{"close", close->code}};
    const auto until = std::get<NothingDue>(next).until - steady;
    return {{"nothing_due", std::chrono::duration_cast<std::chrono::milliseconds>(until).count()}};
  }
  NextMessage next_piece() {
    return stream.next({steady, reading::Timestamp{std::chrono::milliseconds{1'000'000}}});
  }
  std::string next_type() {
    const boost::json::object message = next();
    return message.contains("type") ? std::string{message.at("type").as_string()}
                                    : boost::json::serialize(message);
  }
  void pass(std::chrono::milliseconds time) { steady += time; }

  std::chrono::steady_clock::time_point steady{std::chrono::seconds{100}};
  int wakes = 0;
  DashboardStream stream;
};

class DashboardStreamTest : public testing::Test {
 protected:
  void notify_event(std::int64_t id, const std::string& text) {
    notices.notify_event({id, std::make_shared<const std::string>(text)});
  }

  static events::OpenAlarm alarm(std::int64_t id, std::string_view state = "active") {
    return {.position = {.priority = 1, .onset = {}, .id = id},
            .json = R"({"id":)" + std::to_string(id) + R"(,"state":")" + std::string{state} + R"("})"};
  }

  live::Hub hub;
  live::NotificationHub notices;
  std::vector<events::OpenAlarm> alarms{alarm(1)};
  std::shared_ptr<DashboardContext> source = std::make_shared<DashboardContext>(
      DashboardContext{.hub = hub,
                       .notices = notices,
                       .is_known = [](std::int64_t id) { return id <= 100; },
                       .alarms_after =
                           [this](const std::optional<events::AlarmPosition>& position) {
                             std::vector<events::OpenAlarm> found;
                             for (const auto& alarm : alarms) {
                               if ((!position || alarm.position > *position) && found.size() < 100)
                                 found.push_back(alarm);
                             }
                             return found;
                           },
                       .epoch = "e1",
                       .ui_version = "u1",
                       .poll_interval = 2.0});
};

inline std::vector<std::int64_t> ids_in(const boost::json::object& message) {
  std::vector<std::int64_t> ids;
  for (const auto& entry : message.at("data").as_array())
    ids.push_back(entry.as_object().at("device_id").as_int64());
  std::ranges::sort(ids);
  return ids;
}

using Ids = std::vector<std::int64_t>;

}  // namespace gensetd::stream
