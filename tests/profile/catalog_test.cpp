#include "profile/catalog.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace gensetd::profile {
namespace {

// A separate directory for each test, removed at its end.
class ProfileDirectory : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "gensetd_profiles_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void write(const std::string& name, const std::string& text) { std::ofstream(directory_ / name) << text; }

  std::string refusal() const {
    try {
      Catalog::with_directory(directory_);
    } catch (const ProfileError& error) {
      std::string what = error.what();
      const std::string prefix = directory_.string() + "/";
      while (what.find(prefix) != std::string::npos) what.erase(what.find(prefix), prefix.size());
      return what;
    }
    return "accepted";
  }

  std::filesystem::path directory_;
};

const Field& field_of(const Profile& profile, std::string_view name) {
  for (const Field& field : profile.fields) {
    if (field.name == name) return field;
  }
  throw std::runtime_error("no field " + std::string(name));
}

TEST(Catalog, both_controllers_are_built_in) {
  const Catalog catalog = Catalog::built_in();
  ASSERT_EQ(catalog.all().size(), 2U);
  EXPECT_EQ(catalog.find("hgm9520n")->fields.size(), 56U);
  EXPECT_EQ(catalog.find("hgm9520n")->blocks.size(), 14U);
  EXPECT_EQ(catalog.find("hgm9560")->fields.size(), 38U);
  EXPECT_EQ(catalog.find("hgm9560")->blocks.size(), 11U);
  EXPECT_EQ(catalog.find("hgm9520"), nullptr);
}

TEST(Catalog, the_built_in_controllers_have_the_transports_that_sites_need) {
  const Catalog catalog = Catalog::built_in();
  const ProfilePtr genset = catalog.find("hgm9520n");
  const ProfilePtr switchboard = catalog.find("hgm9560");
  EXPECT_EQ(genset->device_type, DeviceType::generator);
  EXPECT_EQ(genset->protocol, modbus::Protocol::tcp);
  EXPECT_EQ(switchboard->device_type, DeviceType::ats);
  EXPECT_EQ(switchboard->protocol, modbus::Protocol::rtu_over_tcp);
  for (const ProfilePtr& profile : {genset, switchboard}) {
    EXPECT_EQ(profile->probe.address, 0);
    EXPECT_EQ(profile->transport(modbus::Protocol::tcp).merge_limit, 125);
    EXPECT_EQ(profile->transport(modbus::Protocol::tcp).request_gap.count(), 0);
    EXPECT_EQ(profile->transport(modbus::Protocol::rtu_over_tcp).merge_limit, 36);
    EXPECT_EQ(profile->transport(modbus::Protocol::rtu_over_tcp).request_gap.count(), 50);
    EXPECT_EQ(profile->tcp.requests_in_flight, 1);
    EXPECT_EQ(profile->serial.requests_in_flight, 1);
  }
}

TEST(Catalog, a_derived_profile_changes_only_what_it_names) {
  const Catalog catalog = Catalog::built_in();
  const ProfilePtr derived = catalog.parse(R"(
name = "our_genset"
extends = "hgm9520n"
protocol = "rtu_over_tcp"
serial = { merge_limit = 30 }
blocks = [{ name = "extra", address = 300, count = 2 }]
groups = [{ name = "ours", label = { en = "Ours", ru = "Наши" } }]
[[fields]]
name = "energy_kwh"
decimals = 1
[[fields]]
name = "valve"
address = 301
type = "i16"
group = "ours"
label = { en = "Valve", ru = "Клапан" }
)",
                                           "our.toml");
  const ProfilePtr base = catalog.find("hgm9520n");
  EXPECT_EQ(derived->name, "our_genset");
  EXPECT_EQ(derived->title.en, base->title.en);
  EXPECT_EQ(derived->device_type, base->device_type);
  EXPECT_EQ(derived->protocol, modbus::Protocol::rtu_over_tcp);
  EXPECT_EQ(derived->tcp.merge_limit, 125);
  EXPECT_EQ(derived->serial.merge_limit, 30);
  EXPECT_EQ(derived->serial.request_gap, base->serial.request_gap);
  EXPECT_EQ(derived->code_tables.size(), base->code_tables.size());
  ASSERT_EQ(derived->blocks.size(), 15U);
  EXPECT_EQ(derived->blocks[8].name, "extra");  // 300 is before 511, the address of the alarms
  ASSERT_EQ(derived->fields.size(), 57U);
  for (std::size_t index = 0; index < base->fields.size(); ++index) {
    const Field& ours = derived->fields[index];
    const Field& theirs = base->fields[index];
    EXPECT_EQ(ours.name, theirs.name);
    EXPECT_EQ(ours.address, theirs.address) << ours.name;
    EXPECT_EQ(ours.type, theirs.type) << ours.name;
    EXPECT_EQ(ours.bit, theirs.bit) << ours.name;
    EXPECT_EQ(ours.no_data, theirs.no_data) << ours.name;
    EXPECT_EQ(ours.raw_max, theirs.raw_max) << ours.name;
    EXPECT_EQ(ours.unit, theirs.unit) << ours.name;
    EXPECT_EQ(ours.label.ru, theirs.label.ru) << ours.name;
    EXPECT_EQ(ours.codes, theirs.codes) << ours.name;
    EXPECT_EQ(ours.decimals, ours.name == "energy_kwh" ? 1 : theirs.decimals) << ours.name;
    EXPECT_EQ(derived->blocks[ours.block].name, base->blocks[theirs.block].name) << ours.name;
  }
  EXPECT_EQ(derived->fields.back().name, "valve");
  EXPECT_EQ(derived->fields.back().block, 8);
}

TEST(Catalog, a_derived_profile_is_checked_by_the_same_rules) {
  const auto refusal = [](const std::string& more) -> std::string {
    try {
      Catalog::built_in().parse("name = \"d\"\nextends = \"hgm9520n\"\n" + more, "d.toml");
    } catch (const ProfileError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(refusal(""), "accepted");
  EXPECT_EQ(refusal("blocks = [{ name = \"x\", address = 135, count = 2 }]"),
            "d.toml:3: blocks mains_voltage (120..135) and x (135..136) overlap: each register must be in "
            "one block "
            "at most");
  EXPECT_EQ(refusal("blocks = [{ name = \"status\", address = 300, count = 2 }]"),
            "d.toml:3: block status exists already: must be a new name");
  EXPECT_EQ(refusal("fields = [{ name = \"new\", address = 114 }]"),
            "d.toml:3: a field has no type: needed is u16 or i16 or u32 or i32 or bit, in quotes");
  EXPECT_EQ(
      refusal("\nfields = [{ name = \"run_hours\", address = 271 }]"),
      "d.toml:4: fields run_hours and run_minutes are the same value, u16 at 271: one of them must differ");
  EXPECT_EQ(
      refusal("fields = [{ name = \"run_hours\", unit = \"h\" }, { name = \"run_hours\", unit = \"d\" }]"),
      "d.toml:3: field run_hours exists already: must be a new name");
  EXPECT_EQ(refusal("fields = [{ name = \"coolant_temp\", type = \"u16\" }]"),
            "d.toml:3: field coolant_temp: raw_min = -50 does not fit u16: must be a whole number 0..65535");
  EXPECT_EQ(refusal("fields = [{ name = \"gen_status\", type = \"bit\", no_data = \"none\" }]"),
            "d.toml:3: a field has no bit: needed is a whole number 0..15");
  EXPECT_EQ(refusal("tcp = { merge_limit = 200 }"),
            "d.toml:3: merge_limit = 200: must be a whole number 1..125");
}

TEST_F(ProfileDirectory, adds_to_the_built_in_profiles_in_any_order_of_files) {
  write("a.toml",
        "name = \"third\"\nextends = \"second\"\nfields = [{ name = \"run_hours\", unit = \"d\" }]");
  write("b.toml",
        "name = \"second\"\nextends = \"hgm9520n\"\nfields = [{ name = \"energy_kwh\", decimals = 1 }]");
  write("c.txt", "not a profile");
  write(".d.toml", "not a profile");
  const Catalog catalog = Catalog::with_directory(directory_);
  EXPECT_EQ(catalog.all().size(), 4U);
  EXPECT_EQ(field_of(*catalog.find("third"), "energy_kwh").decimals, 1);
  EXPECT_EQ(field_of(*catalog.find("third"), "run_hours").unit, "d");
  EXPECT_EQ(field_of(*catalog.find("second"), "run_hours").unit, "h");
  EXPECT_EQ(field_of(*catalog.find("hgm9520n"), "energy_kwh").decimals, 0);
}

TEST_F(ProfileDirectory, replaces_a_built_in_profile_by_its_name_also_for_those_that_extend_it) {
  std::ifstream file(SOURCE_DIR "/profiles/hgm9560.toml");
  std::string text(std::istreambuf_iterator<char>(file), {});
  text.replace(text.find("probe_address = 0"), 17, "probe_address = 2");
  write("mine.toml", text);
  write("derived.toml", "name = \"derived\"\nextends = \"hgm9560\"\n");
  const Catalog catalog = Catalog::with_directory(directory_);
  EXPECT_EQ(catalog.all().size(), 3U);
  EXPECT_EQ(catalog.find("hgm9560")->probe.address, 2);
  EXPECT_EQ(catalog.find("derived")->probe.address, 2);
}

TEST_F(ProfileDirectory, an_empty_one_leaves_the_built_in_profiles) {
  EXPECT_EQ(Catalog::with_directory(directory_).all().size(), 2U);
}

TEST_F(ProfileDirectory, a_missing_directory_is_refused) {
  directory_ /= "absent";
  EXPECT_NE(refusal().find("absent: the directory of profiles cannot be read (No such file or directory)"),
            std::string::npos)
      << refusal();
}

TEST_F(ProfileDirectory, a_name_in_two_files_is_refused) {
  write("a.toml", "name = \"x\"\nextends = \"hgm9560\"");
  write("b.toml", "# two\nname = \"x\"\nextends = \"hgm9560\"");
  EXPECT_EQ(refusal(),
            "b.toml:2: profile x is in a.toml already: each name must be in one file of the directory");
}

TEST_F(ProfileDirectory, profiles_that_extend_each_other_are_refused) {
  write("a.toml", "name = \"x\"\nextends = \"y\"");
  write("b.toml", "name = \"y\"\nextends = \"z\"");
  write("c.toml", "name = \"z\"\nextends = \"y\"");
  EXPECT_EQ(refusal(),
            "a.toml:2: profile x extends y, which leads back to itself: the chain must end at a profile "
            "without extends");
}

TEST_F(ProfileDirectory, an_unknown_base_is_refused_and_the_known_ones_are_named) {
  write("a.toml", "name = \"x\"\nextends = \"hgm9520\"");
  EXPECT_EQ(refusal(),
            "a.toml:2: extends = \"hgm9520\": there is no such profile: must be one of hgm9520n, hgm9560");
}

TEST_F(ProfileDirectory, an_error_names_its_file) {
  write("a.toml", "name = \"x\"\nextends = \"hgm9560\"\nspeed = 3");
  EXPECT_EQ(refusal().find("a.toml:3: unknown key \"speed\" in a profile: allowed are "), 0U) << refusal();
}

TEST_F(ProfileDirectory, a_folder_or_a_too_large_file_is_refused) {
  std::filesystem::create_directory(directory_ / "a.toml");
  EXPECT_EQ(refusal(), "a.toml: cannot be used: must be a file of 1 MB at most");
  std::filesystem::remove(directory_ / "a.toml");
  write("a.toml", std::string(1'100'000, '#'));
  EXPECT_EQ(refusal(), "a.toml: cannot be used: must be a file of 1 MB at most");
}

}  // namespace
}  // namespace gensetd::profile
