#include "http/audit.hpp"

#include <gtest/gtest.h>

namespace gensetd::http {
namespace {

TEST(Audit, new_and_removed_rows_are_told_whole) {
  const std::string row = R"({"id":3,"name":"Gen 1","port":502})";
  EXPECT_EQ(audit_line("API_TOKEN", "10.0.0.5:51234", {.kind = "device", .after = row}),
            R"(audit: API_TOKEN from 10.0.0.5:51234 added device 3: {"id":3,"name":"Gen 1","port":502})");
  EXPECT_EQ(audit_line("anonymous", "[::1]:80", {.kind = "device", .before = row}),
            R"(audit: anonymous from [::1]:80 removed device 3: {"id":3,"name":"Gen 1","port":502})");
}

TEST(Audit, of_a_change_old_and_new_values_are_told) {
  EXPECT_EQ(audit_line("API_TOKEN", "a",
                       {.kind = "site",
                        .before = R"({"id":1,"name":"A","pace":null,"is_active":true,"updated_at":"t1"})",
                        .after = R"({"id":1,"name":"B","pace":0.25,"is_active":true,"updated_at":"t2"})"}),
            R"(audit: API_TOKEN from a changed site 1: name "A" -> "B", pace null -> 0.25)");
}

TEST(Audit, what_changes_nothing_is_not_told) {
  const std::string row = R"({"id":1,"name":"A"})";
  EXPECT_EQ(audit_line("API_TOKEN", "a", {.kind = "site", .before = row, .after = row}), "");
}

TEST(Audit, of_a_lost_answer_it_says_what_was_found_out) {
  using Certainty = registry::Service::Certainty;
  const auto line = [](Certainty certainty) {
    return audit_line("API_TOKEN", "a",
                      {.kind = "site",
                       .before = R"({"id":1,"name":"A"})",
                       .after = R"({"id":1,"name":"B"})",
                       .certainty = certainty});
  };
  EXPECT_EQ(line(Certainty::found), R"(audit: API_TOKEN from a changed site 1: name "A" -> "B" )"
                                    "(the answer of the database was lost; the change is stored)");
  EXPECT_EQ(line(Certainty::not_stored), R"(audit: API_TOKEN from a tried to change site 1: name "A" -> "B" )"
                                         "(the answer of the database was lost; the change is not stored)");
  for (const Certainty certainty : {Certainty::overtaken, Certainty::unknown})
    EXPECT_EQ(line(certainty).find(
                  R"(audit: API_TOKEN from a tried to change site 1: name "A" -> "B" (the answer)"),
              0U);
}

TEST(Audit, no_value_ends_the_line) {
  const std::string line = audit_line(
      "API_TOKEN", "a",
      {.kind = "site", .before = R"({"id":1,"name":"A"})", .after = R"({"id":1,"name":"B\naudit: forged"})"});
  EXPECT_EQ(line, R"(audit: API_TOKEN from a changed site 1: name "A" -> "B\naudit: forged")");
}

}  // namespace
}  // namespace gensetd::http
