#include "registry/database_url.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace gensetd::registry {
namespace {

PostgresAddress server(std::string_view text) { return std::get<PostgresAddress>(parse_database_url(text)); }

std::string refusal(std::string_view text) {
  try {
    parse_database_url(text);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "taken";
}

TEST(DatabaseUrl, every_part_is_read_and_decoded) {
  const PostgresAddress address = server(
      "postgresql://gen%40set:p%40ss%2Fw%27%5C@[::1]:6543/re%20g?sslmode=verify-full&sslrootcert=%2Fca.pem");
  EXPECT_EQ(address, (PostgresAddress{.host = "::1",
                                      .port = 6543,
                                      .user = "gen@set",
                                      .password = "p@ss/w'\\",
                                      .database = "re g",
                                      .sslmode = "verify-full",
                                      .sslrootcert = "/ca.pem"}));
  EXPECT_EQ(print_database(address), "re g at [::1]:6543 (user gen@set)");
}

TEST(DatabaseUrl, socket_and_defaults) {
  EXPECT_EQ(server("postgresql://u@db.example.com/n"),
            (PostgresAddress{.host = "db.example.com", .user = "u", .database = "n"}));
  EXPECT_EQ(server("postgresql://u@/n?host=/var/run/postgresql").host, "/var/run/postgresql");
}

TEST(DatabaseUrl, files_are_relative_or_absolute) {
  EXPECT_EQ(std::get<std::filesystem::path>(parse_database_url("sqlite:////var/lib/x.sqlite")),
            "/var/lib/x.sqlite");
  EXPECT_TRUE(std::get<std::filesystem::path>(parse_database_url("sqlite:///x.sqlite")).is_absolute());
}

TEST(DatabaseUrl, error_is_one_line_without_the_password) {
  for (const std::string_view text : {"",
                                      "x",
                                      "sqlite://host/x",
                                      "sqlite:///",
                                      "sqlite:///:memory:",
                                      "sqlite:///a?b",
                                      "mysql://u:secret@h/n",
                                      "postgres:secret",
                                      "postgresql:secret",
                                      "postgresql://",
                                      "postgresql://u:secret@h",
                                      "postgresql://u:secret@h/",
                                      "postgresql://:secret@h/n",
                                      "postgresql://u:secret@/n",
                                      "postgresql://u:secret@h:0/n",
                                      "postgresql://u:secret@h:65536/n",
                                      "postgresql://u:secret@h:x/n",
                                      "postgresql://u:secret@10.0.0.1O:5432/n",
                                      "postgresql://u:secret@[::1]xn",
                                      "postgresql://u:secret@h/n/m",
                                      "postgresql://u:secret@h/n#f",
                                      "postgresql://u:secret@h/n?sslmode=maybe",
                                      "postgresql://u:secret@h/n?x=secret",
                                      "postgresql://u:secret@h/n?host=/tmp",
                                      "postgresql://u:secret@/n?host=tmp",
                                      "postgresql://u:secret@a,b/n",
                                      "postgresql://u:secret@%2Ftmp/n",
                                      "postgresql://u:se%0Acret@h/n",
                                      "postgresql://u:sec#ret@h/n",
                                      "postgresql://u:secret@h/n%00m",
                                      "pass secret:word"}) {
    const std::string line = refusal(text);
    EXPECT_TRUE(line.starts_with("DATABASE_URL ")) << text << ": " << line;
    EXPECT_EQ(line.find("secret"), std::string::npos) << line;
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace gensetd::registry
