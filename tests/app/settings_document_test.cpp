#include "app/settings.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <unistd.h>

// deploy/debian/gensetd.toml is what an administrator reads first: it names every setting with its default.
namespace gensetd::app {
namespace {

const std::filesystem::path document = SOURCE_DIR "/deploy/debian/gensetd.toml";

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

  GivenValues read() const {
    GivenValues given;
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
  for (const SettingInfo& info : all_settings()) known.emplace(info.name);
  EXPECT_EQ(documented, known);
}

TEST_F(SettingsDocument, shows_the_defaults) {
  const GivenValues given = read();
  for (const SettingInfo& info : all_settings()) {
    const auto documented = given.find(info.name);
    ASSERT_NE(documented, given.end()) << info.name;
    if (info.shown_default == "cores - 1") continue;  // which the file cannot know
    // A number's own default is written as in the settings' list, but for zeros that mean nothing.
    std::string shown{info.shown_default};
    if (shown.ends_with(".0")) shown.resize(shown.size() - 2);
    EXPECT_EQ(documented->second.text, shown) << info.name;
  }
  EXPECT_NO_THROW(settings_from(given));
}

TEST_F(SettingsDocument, changes_nothing_as_it_comes) {
  GivenValues given;
  read_settings_file(document, given);
  EXPECT_TRUE(given.empty());
}

}  // namespace
}  // namespace gensetd::app
