#include "api/event_queries.hpp"

#include "server/query_parameters.hpp"
#include "text/whole.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace gensetd::api {
namespace {

events::Event event_of(std::int64_t id) {
  return {.id = id,
          .site_code = "MKZ",
          .code = "gateway_started",
          .args = R"({"version":"1"})",
          .onset = reading::Timestamp{std::chrono::milliseconds{1'000}}};
}

std::string events_text(std::vector<events::Event> events, std::size_t limit, reading::Timestamp now) {
  return text::whole(pieces_of_events(std::move(events), limit, now));
}
std::string csv_text(std::vector<events::Event> events, std::size_t limit) {
  return text::whole(pieces_of_csv(std::move(events), limit));
}

TEST(EventQueries, page_has_a_cursor_only_when_there_are_more_events) {
  const reading::Timestamp now{std::chrono::milliseconds{0}};
  const auto two = events_text({event_of(3), event_of(2), event_of(1)}, 2, now);
  EXPECT_NE(two.find(R"("next_cursor":"1970-01-01T00:00:01.000Z_2")"), std::string::npos) << two;
  EXPECT_EQ(two.find(R"("id":1,)"), std::string::npos);
  const auto all = events_text({event_of(3), event_of(2)}, 2, now);
  EXPECT_NE(all.find(R"("next_cursor":null)"), std::string::npos) << all;
  EXPECT_EQ(events_text({}, 2, now),
            R"({"events":[],"next_cursor":null,"server_time":"1970-01-01T00:00:00.000Z"})");
}

TEST(EventQueries, csv_is_quoted_and_contains_no_formulas) {
  events::Event event = event_of(1);
  event.site_code = R"(=1+"x",y)";
  event.acknowledged_by = "-Anna";
  const std::string csv = csv_text({event, event_of(2)}, 1);
  EXPECT_NE(csv.find(R"("'=1+""x"",y")"), std::string::npos) << csv;
  EXPECT_NE(csv.find(R"("'-Anna")"), std::string::npos) << csv;
  EXPECT_NE(csv.find(R"("gensetd 1 started","Запущен gensetd 1")"), std::string::npos) << csv;
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 2);
}

TEST(EventQueries, many_events_come_in_pieces) {
  std::vector<events::Event> events;
  for (std::int64_t id = 1; id <= 1'000; ++id) events.push_back(event_of(id));
  for (const bool is_csv : {false, true}) {
    const text::Pieces pieces =
        is_csv ? pieces_of_csv(events, 1'000) : pieces_of_events(events, 1'000, reading::Timestamp{});
    std::string first;
    EXPECT_TRUE(pieces(first));
    EXPECT_LT(first.size(), text::piece_bytes + 4'096);
    const std::string text = first + text::whole(pieces);
    const std::string_view last = is_csv ? "\n\"1000\"," : R"({"id":1000,)";
    EXPECT_NE(text.find(last), std::string::npos);
    EXPECT_EQ(text.find("\n,"), std::string::npos) << "a row begins with a comma";
  }
}

TEST(EventQueries, csv_is_chosen_by_the_accept_header) {
  EXPECT_TRUE(wants_csv("text/csv"));
  EXPECT_TRUE(wants_csv("text/csv, application/json;q=0.5"));
  EXPECT_FALSE(wants_csv("application/json, text/csv"));
  EXPECT_FALSE(wants_csv("*/*"));
  EXPECT_FALSE(wants_csv(""));
}

TEST(EventQueries, all_filters_are_parsed) {
  const auto query = event_query(
      "site_id=1&device_id=2&kind=alarm&priority=3&state=active&from=2026-01-01T00:00:00.000Z&"
      "to=2026-01-02T00:00:00.000Z&cursor=2026-01-01T12:00:00.000Z_7&limit=5");
  EXPECT_EQ(query.site_id, 1);
  EXPECT_EQ(query.device_id, 2);
  EXPECT_EQ(query.kind, events::EventKind::alarm);
  EXPECT_EQ(query.priority, 3);
  EXPECT_EQ(query.state, events::EventState::active);
  EXPECT_EQ(query.before->id, 7);
  EXPECT_EQ(query.limit, 5U);
  EXPECT_EQ(event_query("").limit, 100U);
  EXPECT_THROW(event_query("cursor=7"), server::BadQuery);
}

}  // namespace
}  // namespace gensetd::api
