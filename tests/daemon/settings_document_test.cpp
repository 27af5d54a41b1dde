#include "daemon/settings_table.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <unistd.h>

namespace gensetd::daemon {
namespace {

// What an administrator of the package reads first: it names every setting with its default.
const std::filesystem::path document = SOURCE_DIR "/deploy/debian/gensetd.toml";
// Everything below its first table's title is written by this test: GENSETD_ACCEPT=1 updates it.
const std::filesystem::path reference = SOURCE_DIR "/docs/settings.md";
const std::string generated_from = "## Polling\n";

std::string code(std::string_view text) { return text.empty() ? "" : fmt::format("`{}`", text); }

// What is allowed, with the unit of a number.
std::string allowed_with_unit(const Setting& setting) {
  std::string allowed = setting.allowed(setting);
  for (const std::string_view unit : {"seconds", "bytes", "megabytes", "days"}) {
    const bool is_its_unit = std::ranges::equal(
        setting.value, unit, {}, [](char c) { return std::tolower(static_cast<unsigned char>(c)); });
    if (is_its_unit && allowed.find(unit) == std::string::npos) allowed += fmt::format(", in {}", unit);
  }
  return allowed;
}

std::string reference_of_settings() {
  std::string text;
  std::optional<SettingGroup> group;
  for (const Setting& setting : all_settings()) {
    if (group != setting.group) {
      group = setting.group;
      text += fmt::format("{}## {}\n\n| setting | default | allowed | meaning |\n| --- | --- | --- | --- |\n",
                          text.empty() ? "" : "\n", title_of(setting.group));
    }
    std::string meaning{setting.meaning};
    meaning[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(meaning[0])));
    text +=
        fmt::format("| `{}` | {} | {} | {}.{}{} |\n", setting.name, code(default_of(setting)),
                    allowed_with_unit(setting), meaning, setting.details.empty() ? "" : " ", setting.details);
  }
  return text;
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>{in}, {}};
}

// The file with each commented-out setting in force.
class SettingsDocument : public testing::Test {
 protected:
  SettingsDocument() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gensetd-document-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    std::ifstream in(document);
    std::ofstream out(folder_ / "gensetd.toml");
    const std::regex setting("#([a-z_]+ = .*)");
    std::smatch match;
    for (std::string line; std::getline(in, line);)
      out << (std::regex_match(line, match, setting) ? match[1].str() : line) << '\n';
  }
  ~SettingsDocument() override { std::filesystem::remove_all(folder_); }

  SettingInputs read() const {
    SettingInputs given;
    read_settings_file(folder_ / "gensetd.toml", given);
    return given;
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(SettingsDocument, names_every_setting) {
  std::set<std::string> documented;
  for (const auto& [name, value] : read()) documented.insert(name);
  std::set<std::string> known;
  for (const Setting& setting : all_settings()) known.emplace(setting.name);
  EXPECT_EQ(documented, known);
}

TEST_F(SettingsDocument, shows_the_defaults) {
  const SettingInputs given = read();
  for (const Setting& setting : all_settings()) {
    const auto documented = given.find(setting.name);
    ASSERT_NE(documented, given.end()) << setting.name;
    if (!setting.shown_default.empty()) continue;  // the file cannot know it
    EXPECT_EQ(documented->second.text, default_of(setting)) << setting.name;
  }
  EXPECT_NO_THROW(parse_settings(given));
}

TEST_F(SettingsDocument, changes_nothing_as_delivered) {
  SettingInputs given;
  read_settings_file(document, given);
  EXPECT_TRUE(given.empty());
}

TEST(SettingsReference, is_generated_from_the_table) {
  const std::string text = text_of(reference);
  const std::size_t begin = text.find(generated_from);
  ASSERT_NE(begin, std::string::npos) << reference;
  if (std::getenv("GENSETD_ACCEPT") != nullptr)
    std::ofstream(reference, std::ios::binary) << text.substr(0, begin) << reference_of_settings();
  else
    EXPECT_EQ(text.substr(begin), reference_of_settings())
        << "docs/settings.md differs from src/daemon/settings_table.cpp; run this test with GENSETD_ACCEPT=1";
}

}  // namespace
}  // namespace gensetd::daemon
