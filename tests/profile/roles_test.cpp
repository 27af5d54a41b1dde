#include "profile/roles.hpp"

#include "profile/catalog.hpp"
#include "profile/units.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace gensetd::profile {
namespace {

const Field& field_of(const Profile& profile, std::string_view name) {
  const auto found = std::ranges::find(profile.fields, name, &Field::name);
  if (found == profile.fields.end()) throw std::runtime_error("no field " + std::string(name));
  return *found;
}

std::string role_of(const Profile& profile, std::string_view name) {
  const Field& field = field_of(profile, name);
  return field.role ? std::string{row_of(*field.role).name} : "none";
}

// "stopped starting - fault" for the values from 0 on; "-" for a value without meaning.
std::string meanings(const Profile& profile, std::string_view name, std::int64_t last) {
  const Field& field = field_of(profile, name);
  std::string text;
  for (std::int64_t value = 0; value <= last; ++value) {
    const auto meaning = meaning_of(profile, field, value);
    text += fmt::format("{}{}", value == 0 ? "" : " ", meaning ? to_word(*meaning) : "-");
  }
  return text;
}

TEST(Roles, have_unique_names_known_units_and_texts) {
  std::set<std::string_view> names;
  for (const RoleRow& row : roles) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_TRUE(row.unit.empty() || find_unit(row.unit) != nullptr) << row.name;
    EXPECT_TRUE(row.kind == RoleKind::number || row.unit.empty()) << row.name;
    EXPECT_EQ(row.kind == RoleKind::code, row.meanings != Meanings::none) << row.name;
    EXPECT_FALSE(row.en.empty() || row.ru.empty()) << row.name;
  }
  EXPECT_EQ(row_of(named_role("engine.speed")).name, "engine.speed");
  EXPECT_EQ(find_role("engine.sped"), std::nullopt);
  EXPECT_EQ(find_role(""), std::nullopt);
}

TEST(Roles, of_codes_allow_words_that_no_other_kind_of_role_allows) {
  const auto words = [](std::string_view role) {
    std::string text;
    for (const auto& [word, meaning] : meanings_of(*find_role(role))) text += fmt::format("{} ", word);
    return text;
  };
  EXPECT_EQ(words("engine.state"), "stopped starting running stopping fault ");
  for (const char* breaker : {"breaker.generator.state", "breaker.mains.state", "breaker.busbar.state"})
    EXPECT_EQ(words(breaker), "open closing closed opening ");
  EXPECT_EQ(words("mains.state"), "normal normal_delay abnormal abnormal_delay ");
  EXPECT_EQ(words("mode"), "auto manual stop test ");
  EXPECT_EQ(words("mode.auto"), "");
  EXPECT_EQ(words("engine.speed"), "");
}

TEST(BuiltInProfiles, have_a_role_for_each_field_but_one) {
  const Catalog catalog = Catalog::built_in();
  for (const auto& [name, profile] : catalog.all()) {
    for (const Field& field : profile->fields)
      EXPECT_EQ(field.role.has_value(), field.name != "accum_kwh") << field.name;
  }
}

TEST(BuiltInProfiles, have_codes_with_meanings) {
  const Catalog catalog = Catalog::built_in();
  const Profile& genset = *catalog.find("hgm9520n");
  const Profile& switchboard = *catalog.find("hgm9560");
  const std::string until_13 =
      "stopped starting starting starting starting running running running running running running running "
      "stopping stopping ";
  EXPECT_EQ(meanings(genset, "gen_status", 16), until_13 + "stopped fault -");
  EXPECT_EQ(meanings(switchboard, "genset_status", 16), until_13 + "fault - -");
  for (const char* name : {"mains_switch", "busbar_switch"})
    EXPECT_EQ(meanings(switchboard, name, 8),
              "closing closing closing closed opening opening opening open -");
  EXPECT_EQ(meanings(switchboard, "mains_status", 4), "normal normal_delay abnormal abnormal_delay -");
  EXPECT_EQ(meaning_of(genset, field_of(genset, "gen_status"), std::nullopt), std::nullopt);
}

TEST(BuiltInProfiles, are_the_defaults_of_their_device_types) {
  const Catalog catalog = Catalog::built_in();
  for (const DeviceType type : {DeviceType::generator, DeviceType::ats}) {
    ASSERT_NE(catalog.find(default_profile(type)), nullptr);
    EXPECT_EQ(catalog.find(default_profile(type))->device_type, type);
  }
}

// A profile of format 1 with a few fields, one a line.
std::string format_1(const std::string& fields) {
  return R"(
name = "one"
title = { en = "One", ru = "Один" }
device_type = "ats"
protocol = "tcp"
probe_address = 0
tcp = { merge_limit = 125, request_gap_ms = 0, requests_in_flight = 1 }
serial = { merge_limit = 36, request_gap_ms = 50, requests_in_flight = 1 }
groups = [{ name = "g", label = { en = "G", ru = "Г" } }]
code_tables = [{ name = "t", codes = [
  { value = 2, key = "fuel", label = { en = "F", ru = "Т" } },
  { value = 9, key = "run", label = { en = "R", ru = "Р" } },
  { value = 40, key = "post_stop", label = { en = "P", ru = "П" } },
  { value = 41, key = "other", label = { en = "O", ru = "Д" } }] }]
blocks = [{ name = "b", address = 0, count = 40 }]
fields = [
)" + fields +
         "]\n";
}

std::string line(const std::string& name, int address, const std::string& more) {
  return fmt::format(
      "  {{ name = \"{}\", address = {}, {}, group = \"g\", label = {{ en = \"E\", ru = \"Р\" }} }},\n", name,
      address, more);
}

TEST(LegacyRoles, come_from_names_whose_type_and_unit_fit) {
  const std::string text = format_1(
      line("gen_uab", 0, R"(type = "u16", unit = "V")") +
      line("mains_uab", 1, R"(type = "u16", unit = "kV")") +
      line("mode_auto", 2, R"(type = "bit", bit = 0)") + line("mode_stop", 3, R"(type = "u16")") +
      line("gen_status", 4, R"(type = "u16", codes = "t")") + line("mains_status", 5, R"(type = "u16")") +
      line("busbar_switch", 6, R"(type = "bit", bit = 1)") +
      line("start_count", 7, R"(type = "u16", codes = "t")") + line("coolant_temp", 8, R"(type = "i16")") +
      line("something", 9, R"(type = "u16")"));
  const ProfilePtr profile = Catalog::built_in().parse(text, "one.toml");
  EXPECT_EQ(role_of(*profile, "gen_uab"), "generator.voltage.ab");
  EXPECT_EQ(role_of(*profile, "mains_uab"), "none") << "kV";
  EXPECT_EQ(role_of(*profile, "mode_auto"), "mode.auto");
  EXPECT_EQ(role_of(*profile, "mode_stop"), "none") << "no bit";
  EXPECT_EQ(role_of(*profile, "gen_status"), "engine.state");
  EXPECT_EQ(role_of(*profile, "mains_status"), "mains.state") << "a status without texts was known too";
  EXPECT_EQ(role_of(*profile, "busbar_switch"), "none") << "a bit";
  EXPECT_EQ(role_of(*profile, "start_count"), "none") << "a code";
  EXPECT_EQ(role_of(*profile, "coolant_temp"), "none") << "no unit";
  EXPECT_EQ(role_of(*profile, "something"), "none");
  const Field& status = field_of(*profile, "gen_status");
  EXPECT_EQ(meaning_of(*profile, status, 2), Meaning::starting);
  EXPECT_EQ(meaning_of(*profile, status, 9), Meaning::running);
  EXPECT_EQ(meaning_of(*profile, status, 40), Meaning::stopped) << "post_stop";
  EXPECT_EQ(meaning_of(*profile, status, 41), std::nullopt);
  EXPECT_EQ(meaning_of(*profile, status, 3), std::nullopt) << "not in the table";
}

TEST(LegacyRoles, are_given_once) {
  const ProfilePtr profile =
      Catalog::built_in().parse(format_1(line("genset_status", 0, R"(type = "u16", codes = "t")") +
                                         line("gen_status", 1, R"(type = "u16", codes = "t")")),
                                "one.toml");
  EXPECT_EQ(role_of(*profile, "genset_status"), "engine.state");
  EXPECT_EQ(role_of(*profile, "gen_status"), "none");
}

TEST(LegacyRoles, follow_what_a_derived_profile_of_format_1_changes) {
  const Catalog catalog = Catalog::built_in();
  const ProfilePtr profile = catalog.parse(R"(
name = "ours"
extends = "hgm9520n"
fields = [{ name = "oil_pressure", unit = "bar" }, { name = "fuel_level", decimals = 1 }]
)",
                                           "ours.toml");
  EXPECT_EQ(role_of(*profile, "oil_pressure"), "none");
  EXPECT_EQ(role_of(*profile, "fuel_level"), "fuel.level");
  EXPECT_EQ(role_of(*profile, "gen_status"), "engine.state");
  EXPECT_EQ(meaning_of(*profile, field_of(*profile, "gen_status"), 9), Meaning::running);
}

TEST(LegacyRoles, leave_the_overview_as_it_was) {
  const std::string text =
      format_1(line("mains_uab", 0, R"(type = "u16", unit = "kV")") +
               line("alarm_fire", 1, R"(type = "bit", bit = 0)") + line("mode_remote", 2, R"(type = "u16")") +
               line("battery_volt", 3, R"(type = "u16", unit = "V")") +
               line("oil_temp", 4, R"(type = "i16", unit = "°C")") + line("something", 5, R"(type = "u16")"));
  const ProfilePtr profile = Catalog::built_in().parse(text, "one.toml");
  for (const char* name : {"mains_uab", "alarm_fire", "mode_remote", "battery_volt"})
    EXPECT_TRUE(field_of(*profile, name).is_in_overview) << name;
  for (const char* name : {"oil_temp", "something"})
    EXPECT_FALSE(field_of(*profile, name).is_in_overview) << name;
  const ProfilePtr switchboard = Catalog::built_in().find("hgm9560");
  EXPECT_FALSE(field_of(*switchboard, "battery_v").is_in_overview);
}

// A profile of format 2 in which each entry with a role or a meaning is on its own line.
const std::vector<std::string> good_lines{
    R"(name = "two")",
    R"(format = 2)",
    R"(title = { en = "Two", ru = "Два" })",
    R"(device_type = "generator")",
    R"(protocol = "tcp")",
    R"(probe_address = 0)",
    R"(tcp = { merge_limit = 125, request_gap_ms = 0, requests_in_flight = 1 })",
    R"(serial = { merge_limit = 36, request_gap_ms = 50, requests_in_flight = 1 })",
    R"(no_data = { u16 = "none" })",
    R"(groups = [{ name = "g", label = { en = "G", ru = "Г" } }])",
    R"(code_tables = [{ name = "t", codes = [)",                                                         // 11
    R"({ value = 4, key = "on_load", means = "running", label = { en = "On load", ru = "Работа" } },)",  // 12
    R"({ value = 5, key = "odd", label = { en = "Odd", ru = "Иное" } }] }])",                            // 13
    R"(blocks = [{ name = "b", address = 0, count = 40 }])",                                             // 14
    R"(fields = [)",                                                                                     // 15
    R"({ name = "state", address = 0, type = "enum", codes = "t", role = "engine.state", group = "g", label = { en = "S", ru = "С" } },)",  // 16
    R"({ name = "oil", address = 1, type = "u16", unit = "kPa", role = "engine.oil.pressure", group = "g", label = { en = "O", ru = "М" } },)",  // 17
    R"({ name = "auto", address = 2, type = "bit", bit = 3, role = "mode.auto", group = "g", label = { en = "A", ru = "А" } },)",  // 18
    R"({ name = "gen_uab", address = 3, type = "u16", unit = "V", group = "g", label = { en = "U", ru = "Н" } },)",  // 19
    R"({ name = "battery", address = 4, type = "u16", unit = "V", role = "battery.voltage", group = "g", label = { en = "B", ru = "Б" } },)",  // 20
    R"(])",
};

std::string text_with(std::size_t number, const std::string& piece, const std::string& other) {
  std::string text;
  for (std::size_t index = 0; index < good_lines.size(); ++index) {
    std::string changed = good_lines[index];
    const std::size_t at = index + 1 == number ? changed.find(piece) : std::string::npos;
    EXPECT_TRUE(index + 1 != number || at != std::string::npos) << piece;
    if (at != std::string::npos) changed.replace(at, piece.size(), other);
    text += changed + "\n";
  }
  return text;
}

std::string good_text() { return text_with(1, "two", "two"); }

std::string verdict(const Catalog& catalog, const std::string& text) {
  try {
    catalog.parse(text, "a.toml");
  } catch (const ProfileError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(StatedRoles, do_not_depend_on_names) {
  const ProfilePtr profile = Catalog::built_in().parse(good_text(), "a.toml");
  EXPECT_EQ(role_of(*profile, "state"), "engine.state");
  EXPECT_EQ(role_of(*profile, "gen_uab"), "none") << "format 2 states its roles";
  EXPECT_EQ(index_of(*profile, named_role("mode.auto")), 2U);
  EXPECT_EQ(index_of(*profile, named_role("mode.stop")), std::nullopt);
  EXPECT_EQ(meaning_of(*profile, field_of(*profile, "state"), 4), Meaning::running);
  EXPECT_EQ(meaning_of(*profile, field_of(*profile, "state"), 5), std::nullopt);
  for (const char* name : {"state", "oil", "auto", "battery"})
    EXPECT_TRUE(field_of(*profile, name).is_in_overview);
  EXPECT_FALSE(field_of(*profile, "gen_uab").is_in_overview);
  const ProfilePtr ats = Catalog::built_in().parse(text_with(4, "generator", "ats"), "a.toml");
  EXPECT_FALSE(field_of(*ats, "battery").is_in_overview);
}

struct Mistake {
  std::size_t line;
  std::string piece;
  std::string other;
  std::string message;  // behind the name of the file
};

const std::vector<Mistake> mistakes{
    {17, "engine.oil.pressure", "engine.oil.presure",
     R"(17: role = "engine.oil.presure": must be one of the roles in docs/controllers.md, of which engine.oil.pressure is the nearest)"},
    {18, R"("mode.auto")", R"("mode.Auto")",
     R"(18: role = "mode.Auto": must be one of the roles in docs/controllers.md, of which mode.auto is the nearest)"},
    {17, R"("engine.oil.pressure")", R"("")",
     R"(17: role = "": must be one of the roles in docs/controllers.md, of which mode is the nearest)"},
    {17, R"("engine.oil.pressure")", "3", "17: role = 3: must be the name of a role, in quotes"},
    {17, R"("engine.oil.pressure")", R"("fuel.level")",
     R"(17: field oil: unit = "kPa" does not fit role = "fuel.level": must be unit = "%"; scale = "a/b" converts a value of another unit)"},
    {17, R"(unit = "kPa", )", R"(unit = "bar", )",
     R"(17: field oil: unit = "bar" does not fit role = "engine.oil.pressure": must be unit = "kPa"; scale = "a/b" converts a value of another unit)"},
    {17, R"(unit = "kPa", )", "",
     R"(17: field oil: no unit does not fit role = "engine.oil.pressure": must be unit = "kPa"; scale = "a/b" converts a value of another unit)"},
    {17, R"("engine.oil.pressure")", R"("engine.starts")",
     R"(17: field oil: unit = "kPa" does not fit role = "engine.starts": must be left out)"},
    {17, R"("engine.oil.pressure")", R"("mode.stop")",
     R"(17: field oil: role = "mode.stop" is a bit: must be in a field of type "bit")"},
    {17, R"("engine.oil.pressure")", R"("mains.state")",
     R"(17: field oil: role = "mains.state" is a code: must be in a field with codes)"},
    {16, R"("engine.state")", R"("engine.starts")",
     R"(16: field state: role = "engine.starts" is a number: must be in a field without codes whose type is neither bit nor bitfield)"},
    {18, R"("mode.auto")", R"("engine.starts")",
     R"(18: field auto: role = "engine.starts" is a number: must be in a field without codes whose type is neither bit nor bitfield)"},
    {20, R"(type = "u16", unit = "V", role = "battery.voltage")",
     R"(type = "bitfield", role = "engine.starts")",
     R"(20: field battery: role = "engine.starts" is a number: must be in a field without codes whose type is neither bit nor bitfield)"},
    {19, R"(unit = "V",)", R"(unit = "V", role = "battery.voltage",)",
     R"(20: fields gen_uab and battery have role = "battery.voltage": one field must have it; role = "none" takes an inherited one away)"},
    {12, R"("running")", R"("runs")",
     R"(12: means = "runs": must be stopped or starting or running or stopping or fault or open or closing or closed or opening or normal or normal_delay or abnormal or abnormal_delay or auto or manual or stop or test, in quotes)"},
    {12, R"("running")", "9",
     R"(12: means = 9: must be stopped or starting or running or stopping or fault or open or closing or closed or opening or normal or normal_delay or abnormal or abnormal_delay or auto or manual or stop or test, in quotes)"},
    {12, R"("running")", R"("closed")",
     R"(16: field state: code 4 of t means "closed", which does not fit role = "engine.state": must be stopped or starting or running or stopping or fault)"},
};

TEST(StatedRoles, that_are_wrong_are_refused_with_what_is_allowed) {
  const Catalog catalog = Catalog::built_in();
  EXPECT_EQ(verdict(catalog, good_text()), "accepted");
  for (const Mistake& mistake : mistakes)
    EXPECT_EQ(verdict(catalog, text_with(mistake.line, mistake.piece, mistake.other)),
              "a.toml:" + mistake.message);
}

TEST(StatedRoles, belong_to_format_2) {
  const Catalog catalog = Catalog::built_in();
  EXPECT_EQ(
      verdict(catalog, format_1(line("a", 0, R"(type = "u16", unit = "kPa", role = "engine.oil.pressure")"))),
      "a.toml:17: unknown key \"role\" in a field: allowed are name, address, type, bit, decimals, no_data, "
      "raw_min, raw_max, unit, sign, group, codes, label; format = 2 allows it too");
  std::string text = format_1(line("a", 0, R"(type = "u16", codes = "t")"));
  const std::string key = R"(key = "run",)";
  text.insert(text.find(key), R"(means = "running", )");
  EXPECT_EQ(
      verdict(catalog, text),
      "a.toml:12: unknown key \"means\" in a code: allowed are value, key, label; format = 2 allows it too");
}

std::string derived(const std::string& more) {
  return "name = \"ours\"\nformat = 2\nextends = \"hgm9520n\"\n" + more;
}

TEST(StatedRoles, of_a_derived_profile_are_kept_changed_and_taken_away) {
  const Catalog catalog = Catalog::built_in();
  const ProfilePtr kept = catalog.parse(derived(""), "a.toml");
  const ProfilePtr base = catalog.find("hgm9520n");
  for (std::size_t index = 0; index < base->fields.size(); ++index) {
    EXPECT_EQ(kept->fields[index].role, base->fields[index].role) << base->fields[index].name;
    EXPECT_EQ(kept->fields[index].is_in_overview, base->fields[index].is_in_overview)
        << base->fields[index].name;
  }
  EXPECT_EQ(meanings(*kept, "gen_status", 16), meanings(*base, "gen_status", 16));
  const ProfilePtr changed = catalog.parse(derived(R"(fields = [
{ name = "oil_temp", role = "none" },
{ name = "coolant_temp", role = "engine.oil.temperature" }])"),
                                           "a.toml");
  EXPECT_EQ(role_of(*changed, "oil_temp"), "none");
  EXPECT_EQ(role_of(*changed, "coolant_temp"), "engine.oil.temperature");
  EXPECT_FALSE(field_of(*changed, "coolant_temp").is_in_overview);
}

TEST(StatedRoles, of_a_derived_profile_must_fit) {
  const Catalog catalog = Catalog::built_in();
  EXPECT_EQ(verdict(catalog, derived(R"(fields = [{ name = "oil_pressure", unit = "bar" }])")),
            "a.toml:4: field oil_pressure: unit = \"bar\" does not fit role = \"engine.oil.pressure\": must "
            "be unit = "
            "\"kPa\"; scale = \"a/b\" converts a value of another unit");
  EXPECT_EQ(
      verdict(catalog, derived(R"(fields = [{ name = "coolant_temp", role = "engine.oil.temperature" }])")),
      "a.toml:4: fields coolant_temp and oil_temp have role = \"engine.oil.temperature\": one field must "
      "have "
      "it; role = \"none\" takes an inherited one away");
  EXPECT_EQ(verdict(catalog, derived(R"(remove = { fields = ["oil_temp"] }
fields = [{ name = "coolant_temp", role = "engine.oil.temperature" }])")),
            "accepted");
}

}  // namespace
}  // namespace gensetd::profile
