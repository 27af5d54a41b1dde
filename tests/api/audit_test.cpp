#include "api/audit.hpp"

#include <gtest/gtest.h>

namespace gensetd::api {
namespace {

TEST(Audit, new_and_removed_rows_are_logged_completely) {
  const std::string row = R"({"id":3,"name":"Gen 1","port":502})";
  EXPECT_EQ(audit_line("API_TOKEN", "10.0.0.5:51234", {.kind = "device", .after = row}),
            R"(audit: API_TOKEN from 10.0.0.5:51234 added device 3: {"id":3,"name":"Gen 1","port":502})");
  EXPECT_EQ(audit_line("anonymous", "[::1]:80", {.kind = "device", .before = row}),
            R"(audit: anonymous from [::1]:80 removed device 3: {"id":3,"name":"Gen 1","port":502})");
}

TEST(Audit, changed_fields_are_logged_with_old_and_new_value) {
  EXPECT_EQ(audit_line("API_TOKEN", "a",
                       {.kind = "site",
                        .before = R"({"id":1,"name":"A","pace":null,"is_active":true,"updated_at":"t1"})",
                        .after = R"({"id":1,"name":"B","pace":0.25,"is_active":true,"updated_at":"t2"})"}),
            R"(audit: API_TOKEN from a changed site 1: name "A" -> "B", pace null -> 0.25)");
}

TEST(Audit, unchanged_row_is_not_logged) {
  const std::string row = R"({"id":1,"name":"A"})";
  EXPECT_EQ(audit_line("API_TOKEN", "a", {.kind = "site", .before = row, .after = row}), "");
}

TEST(Audit, lost_response_of_the_database_is_logged_with_the_outcome) {
  using ChangeOutcome = registry::Service::ChangeOutcome;
  const auto line = [](ChangeOutcome outcome) {
    return audit_line("API_TOKEN", "a",
                      {.kind = "site",
                       .before = R"({"id":1,"name":"A"})",
                       .after = R"({"id":1,"name":"B"})",
                       .outcome = outcome});
  };
  EXPECT_EQ(line(ChangeOutcome::found), R"(audit: API_TOKEN from a changed site 1: name "A" -> "B" )"
                                        "(the response of the database was lost; the change is stored)");
  EXPECT_EQ(line(ChangeOutcome::not_stored),
            R"(audit: API_TOKEN from a tried to change site 1: name "A" -> "B" )"
            "(the response of the database was lost; the change is not stored)");
  for (const ChangeOutcome outcome : {ChangeOutcome::overtaken, ChangeOutcome::unknown})
    EXPECT_EQ(line(outcome).find(
                  R"(audit: API_TOKEN from a tried to change site 1: name "A" -> "B" (the response)"),
              0U);
}

TEST(Audit, profiles_are_logged_with_their_sizes) {
  using ChangeOutcome = registry::Service::ChangeOutcome;
  const registry::StoredProfile small{
      .name = "pump", .toml = "12345", .changed_at = {}, .changed_by = {}, .problem = {}};
  registry::StoredProfile large = small;
  large.toml = "1234567";
  EXPECT_EQ(profile_audit_line("API_TOKEN", "a", {}, small, ChangeOutcome::stored),
            "audit: API_TOKEN from a added profile pump: 5 bytes");
  EXPECT_EQ(profile_audit_line("API_TOKEN", "a", small, large, ChangeOutcome::stored),
            "audit: API_TOKEN from a changed profile pump: 5 -> 7 bytes");
  EXPECT_EQ(profile_audit_line("API_TOKEN", "a", large, {}, ChangeOutcome::not_stored),
            "audit: API_TOKEN from a tried to remove profile pump: 7 bytes (the response of the database was "
            "lost; the change is not stored)");
}

TEST(Audit, value_cannot_end_the_line) {
  const std::string line = audit_line(
      "API_TOKEN", "a",
      {.kind = "site", .before = R"({"id":1,"name":"A"})", .after = R"({"id":1,"name":"B\naudit: forged"})"});
  EXPECT_EQ(line, R"(audit: API_TOKEN from a changed site 1: name "A" -> "B\naudit: forged")");
}

}  // namespace
}  // namespace gensetd::api
