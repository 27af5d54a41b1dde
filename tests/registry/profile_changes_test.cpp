#include "registry/profile_changes.hpp"

#include "real_database.hpp"
#include "registry/edits.hpp"
#include "registry/import.hpp"
#include "registry/service.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace gensetd::registry {
namespace {

const profile::Catalog base = profile::Catalog::built_in();

std::string file(const std::string& name, const std::string& extends, const std::string& more = "") {
  return "name = \"" + name + "\"\nextends = \"" + extends + "\"\n" + more;
}

const std::string other_unit = "fields = [{ name = \"fuel_pressure\", unit = \"bar\" }]\n";
const std::string fewer = "format = 2\nremove = { fields = [\"oil_temp\", \"fuel_pressure\"] }\n";

Directory with_device(const std::string& profile) {
  Directory directory;
  for (const char* name : {"mine", "derived"})
    directory.profiles[name] = {
        .name = name,
        .toml = std::string{name} == "mine" ? file("mine", "hgm9520n") : file("derived", "mine"),
        .changed_at = {},
        .changed_by = {},
        .problem = {}};
  directory.devices[3] = {.id = 3, .site_id = 1, .name = "Gen 3", .profile = profile};
  return directory;
}

std::string verdict(const Directory& directory, const ProfileChange& change) {
  const auto refusal = check_profile_change(base, directory, change);
  return refusal ? refusal->code + ": " + refusal->message : "accepted";
}

TEST(ProfileChange, a_built_in_profile_cannot_be_changed_or_removed) {
  for (const bool is_removal : {false, true}) {
    ProfileChange change{.name = "hgm9520n", .toml = {}, .changed_by = {}, .is_forced = true};
    if (!is_removal) change.toml = file("hgm9520n", "hgm9560");
    EXPECT_EQ(
        verdict({}, change),
        "profile_built_in: profile hgm9520n is built in and cannot be changed here; choose another name");
  }
}

TEST(ProfileChange, a_file_with_a_mistake_is_refused_with_line_and_value) {
  const auto upload = [](const std::string& text) {
    return verdict({}, {.name = "mine", .toml = text, .changed_by = {}, .is_forced = true});
  };
  EXPECT_EQ(upload(file("mine", "hgm9520n")), "accepted");
  EXPECT_EQ(upload(file("other", "hgm9520n")),
            "invalid_profile: mine:1: name = \"other\": must be the name under which the profile is stored, "
            "\"mine\"");
  EXPECT_EQ(upload(file("mine", "hgm9520n", "protocol = \"udp\"\n")),
            "invalid_profile: mine:3: protocol = \"udp\": must be tcp or rtu_over_tcp, in quotes");
  EXPECT_NE(upload(file("mine", "nobody")).find("mine:2: extends = \"nobody\": there is no such profile"),
            std::string::npos);
}

TEST(ProfileChange, a_profile_in_use_must_not_lose_fields_or_change_units) {
  const ProfileChange same{.name = "mine",
                           .toml = file("mine", "hgm9520n", "title = { en = \"M\", ru = \"М\" }\n"),
                           .changed_by = {},
                           .is_forced = false};
  ProfileChange loses{
      .name = "mine", .toml = file("mine", "hgm9520n", fewer), .changed_by = {}, .is_forced = false};
  ProfileChange changes{
      .name = "mine", .toml = file("mine", "hgm9520n", other_unit), .changed_by = {}, .is_forced = false};
  for (const char* used : {"mine", "derived"}) {
    const Directory directory = with_device(used);
    EXPECT_EQ(verdict(directory, same), "accepted");
    EXPECT_EQ(verdict(directory, loses),
              "profile_in_use: profile mine is in use: used by devices 3 'Gen 3'; they would lose the fields "
              "fuel_pressure, oil_temp; they would lose the roles engine.oil.temperature, fuel.pressure; "
              "send ?force=1 to replace it nevertheless");
    EXPECT_EQ(verdict(directory, changes),
              "profile_in_use: profile mine is in use: used by devices 3 'Gen 3'; the unit would change of "
              "fuel_pressure (kPa -> bar); they would lose the roles fuel.pressure; send ?force=1 to replace "
              "it nevertheless");
  }
  for (ProfileChange* change : {&loses, &changes}) {
    EXPECT_EQ(verdict(with_device("hgm9560"), *change), "accepted");
    change->is_forced = true;
    EXPECT_EQ(verdict(with_device("mine"), *change), "accepted");
  }
}

TEST(ProfileChange, a_profile_in_use_must_not_lose_alarms) {
  const ProfileChange loses{
      .name = "mine",
      .toml = file("mine", "hgm9520n",
                   "format = 2\nremove = { alarms = [\"warning.input_1\", \"shutdown.input_1\"] }\n"),
      .changed_by = {},
      .is_forced = false};
  EXPECT_EQ(verdict(with_device("mine"), loses),
            "profile_in_use: profile mine is in use: used by devices 3 'Gen 3'; they would lose the alarms "
            "alarm:shutdown.input_1, alarm:warning.input_1; send ?force=1 to replace it nevertheless");
}

TEST(ProfileChange, a_profile_must_not_make_one_that_extends_it_unusable) {
  Directory directory = with_device("hgm9560");
  directory.profiles["derived"].toml =
      file("derived", "mine", "fields = [{ name = \"oil_temp\", raw_max = 9 }]\n");
  const ProfileChange loses{
      .name = "mine", .toml = file("mine", "hgm9520n", fewer), .changed_by = {}, .is_forced = false};
  EXPECT_NE(verdict(directory, loses).find("profiles that extend it could not be used any more: derived:3: "),
            std::string::npos)
      << verdict(directory, loses);
}

TEST(ProfileChange, a_profile_in_use_is_removed_only_by_force) {
  ProfileChange removal{.name = "mine", .toml = {}, .changed_by = {}, .is_forced = false};
  EXPECT_NE(
      verdict(with_device("mine"), removal)
          .find("used by devices 3 'Gen 3', which would not be polled any more; profiles that extend it"),
      std::string::npos)
      << verdict(with_device("mine"), removal);
  EXPECT_NE(verdict(with_device("derived"), removal).find("used by devices 3 'Gen 3'"), std::string::npos);
  removal.is_forced = true;
  EXPECT_EQ(verdict(with_device("mine"), removal), "accepted");
  EXPECT_EQ(verdict({}, removal), "not_found: there is no stored profile mine");
  const ProfileChange leaf{.name = "derived", .toml = {}, .changed_by = {}, .is_forced = false};
  EXPECT_EQ(verdict(with_device("mine"), leaf), "accepted");
}

class StoredProfilesTest : public testing::TestWithParam<Kind> {
 protected:
  Result<std::monostate> change(const ProfileChange& one) {
    return change_profile(store, base, one, Timestamp{std::chrono::seconds{5}}, &rows);
  }
  RealDatabase database{GetParam()};
  Store store = Store::create_or_open(database.address());
  RowChange<StoredProfile> rows;
};

INSTANTIATE_TEST_SUITE_P(Databases, StoredProfilesTest, testing::Values(Kind::sqlite, Kind::postgres),
                         testing::PrintToStringParamName());

TEST_P(StoredProfilesTest, survive_a_restart_and_are_removed) {
  const std::string text = file("mine", "hgm9520n", "# Насос\n");
  const ProfileChange upload{.name = "mine", .toml = text, .changed_by = "API_TOKEN", .is_forced = false};
  ASSERT_TRUE(std::holds_alternative<std::monostate>(change(upload)));
  EXPECT_EQ(rows.before, std::nullopt);
  const Directory stored = Store::create_or_open(database.address()).load();
  EXPECT_EQ(stored.profiles.at("mine"), *rows.after);
  EXPECT_EQ(stored.profiles.at("mine").toml, text);
  EXPECT_EQ(stored.profiles.at("mine").changed_by, "API_TOKEN");
  rows = {};
  EXPECT_TRUE(std::holds_alternative<std::monostate>(
      change({.name = "mine", .toml = {}, .changed_by = {}, .is_forced = false})));
  EXPECT_EQ(rows.before->toml, text);
  EXPECT_EQ(rows.after, std::nullopt);
  EXPECT_TRUE(store.load().profiles.empty());
}

TEST_P(StoredProfilesTest, a_refused_change_stores_nothing) {
  const ProfileChange bad{.name = "mine", .toml = "name = 5", .changed_by = {}, .is_forced = true};
  EXPECT_EQ(std::get<Refusal>(change(bad)).kind, Refusal::Kind::invalid);
  EXPECT_EQ(rows.after, std::nullopt);
  EXPECT_TRUE(store.load().profiles.empty());
}

TEST_P(StoredProfilesTest, a_change_by_another_program_is_detected) {
  Store other = Store::reopen(database.address());
  const std::int64_t before = other.foreign_changes();
  change({.name = "mine", .toml = file("mine", "hgm9520n"), .changed_by = {}, .is_forced = false});
  EXPECT_NE(other.foreign_changes(), before);
}

TEST_P(StoredProfilesTest, the_longest_file_is_stored) {
  std::string text = file("mine", "hgm9520n", "#");
  text.resize(StoredProfile::bytes_max, 'x');
  change({.name = "mine", .toml = text, .changed_by = {}, .is_forced = false});
  EXPECT_EQ(store.load().profiles.at("mine").toml, text);
  EXPECT_EQ(store.load().profiles.at("mine").problem, "");
}

TEST_P(StoredProfilesTest, a_service_validates_devices_with_the_profiles_in_use) {
  boost::asio::io_context context;
  Service service(context.get_executor(), database.url(), std::make_shared<const profile::Catalog>(base));
  int notified = 0;
  service.on_profiles_change([&] {
    ++notified;
    service.use_profiles(profile::with_stored(base, texts_of(service.directory().profiles), {}).catalog);
  });
  const auto run = [&](auto start) {
    std::optional<Refusal> refused;
    bool is_done = false;
    start([&](const auto& result) {
      if (const auto* refusal = std::get_if<Refusal>(&result)) refused = *refusal;
      is_done = true;
    });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (!is_done && std::chrono::steady_clock::now() < deadline) {
      context.restart();
      context.run_one_for(std::chrono::milliseconds{50});
    }
    EXPECT_TRUE(is_done);
    return refused ? refused->message : std::string{};
  };
  const auto create_device = [&] {
    return run([&](auto handler) {
      service.create_device(
          boost::json::parse(
              R"({"site_id":1,"name":"G","device_type":"generator","ip_address":"10.0.0.1","profile":"mine"})")
              .as_object(),
          handler);
    });
  };
  run([&](auto handler) {
    service.create_site(boost::json::parse(R"({"name":"S","code":"S"})").as_object(), handler);
  });
  EXPECT_NE(create_device().find("unknown profile 'mine'"), std::string::npos);
  std::optional<StoredProfile> observed;
  EXPECT_EQ(run([&](auto handler) {
              service.change_profile(
                  {.name = "mine", .toml = file("mine", "hgm9520n"), .changed_by = "x", .is_forced = false},
                  handler,
                  [&](const std::optional<StoredProfile>&, const std::optional<StoredProfile>& after,
                      Service::ChangeOutcome) { observed = after; });
            }),
            "");
  EXPECT_EQ(notified, 1);
  EXPECT_EQ(observed->name, "mine");
  EXPECT_EQ(create_device(), "");
  EXPECT_NE(run([&](auto handler) {
              service.change_profile({.name = "mine", .toml = {}, .changed_by = {}, .is_forced = false},
                                     handler);
            }).find("is in use"),
            std::string::npos);
  EXPECT_EQ(notified, 1);
}

std::string imported(Store& store, const std::string& profiles, const std::string& profile) {
  const auto result = import_document(
      store,
      boost::json::parse(
          R"({"format":"gensetd registry 1","profiles":)" + profiles +
          R"(,"sites":[{"id":1,"name":"S","code":"S"}],"devices":[{"id":2,"site_id":1,"name":"G",)"
          R"("device_type":"generator","ip_address":"10.0.0.1","profile":")" +
          profile + R"("}]})")
          .as_object(),
      base, Timestamp{std::chrono::seconds{5}});
  const auto* refusal = std::get_if<Refusal>(&result);
  return refusal == nullptr ? "" : refusal->message;
}

TEST_P(StoredProfilesTest, an_import_is_complete_or_stores_nothing) {
  const std::string mine = R"({"name":"mine","toml":"name = \"mine\"\nextends = \"hgm9520n\"\n")";
  const std::pair<std::string, std::string> mistakes[] = {
      {"5", "it contains no list 'profiles'"},
      {"[5]", "profiles[0] is not an object"},
      {R"([{"toml":"x"}])", "profiles[0]: name is missing"},
      {R"([{"name":"mine"}])", "profiles[0]: toml is missing"},
      {R"([{"name":"mine","toml":5}])", "profiles[0]: toml must be a text"},
      {"[" + mine + R"(,"x":1}])", "profiles[0]: unknown field 'x'"},
      {"[" + mine + R"(,"changed_at":"today"}])", "profiles[0]: changed_at must be a time"},
      {"[" + mine + "}," + mine + "}]", "profiles[1]: the name mine occurs twice"},
      {"[" + mine + R"(},{"name":"x","toml":"name = 5"}])", "profiles[1]: x:1: name = 5: must be"},
      {R"([{"name":"hgm9560","toml":"x"}])", "profiles[0]: profile hgm9560 is built in"},
      {"[]", "devices[0]: unknown profile 'mine'"}};
  for (const auto& [profiles, mistake] : mistakes) {
    const std::string refused = imported(store, profiles, "mine");
    EXPECT_EQ(refused.find(mistake), 0U) << refused << "\n" << mistake;
    EXPECT_EQ(store.load(), Directory{});
  }
  EXPECT_EQ(imported(store, "[" + mine + R"(,"changed_by":"Anna","changed_at":"2026-01-31T12:00:00.001Z"}])",
                     "mine"),
            "");
  const Directory now = store.load();
  EXPECT_EQ(now.devices.at(2).profile, "mine");
  EXPECT_EQ(now.profiles.at("mine").changed_by, "Anna");
  EXPECT_EQ(reading::print_timestamp(now.profiles.at("mine").changed_at), "2026-01-31T12:00:00.001Z");
}

}  // namespace
}  // namespace gensetd::registry
