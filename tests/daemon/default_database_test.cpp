#include "daemon/default_database.hpp"

#include "daemon/settings.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace gensetd::daemon {
namespace {

namespace fs = std::filesystem;

class DefaultDatabaseTest : public testing::Test {
 protected:
  DefaultDatabaseTest() {
    std::string pattern = (fs::temp_directory_path() / "gensetd-state-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    folder = root_ / "state";
    work = root_ / "work";
    for (const fs::path& one : {folder, work}) fs::create_directory(one);
  }
  ~DefaultDatabaseTest() override { fs::remove_all(root_); }

  static void write(const fs::path& file, const std::string& text = "something") {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  fs::path file_for(const StateEnvironment& environment) const {
    return default_database(environment, work).file;
  }

  fs::path folder;
  fs::path work;

 private:
  fs::path root_;
};

TEST_F(DefaultDatabaseTest, state_directory_comes_from_the_service_then_xdg_then_home) {
  EXPECT_EQ(file_for({"/var/lib/gensetd", "/x", "/home/a"}), "/var/lib/gensetd/gensetd.sqlite");
  EXPECT_EQ(file_for({"/var/lib/one:/var/lib/two", "/x", "/home/a"}), "/var/lib/one/gensetd.sqlite");
  EXPECT_EQ(file_for({"", "/x/", "/home/a"}), "/x/gensetd/gensetd.sqlite");
  EXPECT_EQ(file_for({"", "relative", "/home/a"}), "/home/a/.local/state/gensetd/gensetd.sqlite");
  EXPECT_EQ(file_for({"", "", "/home/a"}), "/home/a/.local/state/gensetd/gensetd.sqlite");
}

TEST_F(DefaultDatabaseTest, without_state_directory_the_error_says_what_to_set) {
  for (const char* home : {"", "relative"}) {
    try {
      file_for({"", "", home});
      ADD_FAILURE();
    } catch (const SettingsError& error) {
      EXPECT_EQ(std::string{error.what()}.substr(0, 13), "DATABASE_URL:");
      EXPECT_NE(std::string{error.what()}.find("HOME"), std::string::npos);
    }
  }
}

TEST_F(DefaultDatabaseTest,
       registry_of_an_earlier_release_stays_in_use_until_the_state_directory_contains_one) {
  const StateEnvironment environment{"", folder.string(), ""};
  const fs::path file = folder / "gensetd" / "gensetd.sqlite";
  const fs::path earlier = work / "gensetd.sqlite";
  EXPECT_EQ(default_database(environment, work), (DefaultDatabase{.file = file}));
  write(earlier, "");
  EXPECT_EQ(default_database(environment, work), (DefaultDatabase{.file = file}));  // an empty one is none
  write(earlier);
  EXPECT_EQ(default_database(environment, work),
            (DefaultDatabase{.file = earlier, .is_of_earlier_release = true}));
  EXPECT_EQ(default_database({}, work), (DefaultDatabase{.file = earlier, .is_of_earlier_release = true}));
  write(file, "");
  EXPECT_TRUE(default_database(environment, work).is_of_earlier_release);
  write(file);
  EXPECT_EQ(default_database(environment, work), (DefaultDatabase{.file = file, .unused = earlier}));
}

TEST_F(DefaultDatabaseTest, file_in_the_state_directory_is_not_of_an_earlier_release) {
  write(work / "gensetd.sqlite");
  EXPECT_EQ(default_database({work.string(), "", ""}, work),
            (DefaultDatabase{.file = work / "gensetd.sqlite"}));
  fs::create_directory_symlink(work, folder / "link");
  EXPECT_EQ(default_database({(folder / "link").string(), "", ""}, work),
            (DefaultDatabase{.file = folder / "link" / "gensetd.sqlite"}));
}

TEST_F(DefaultDatabaseTest, missing_directories_are_created_for_the_user_only) {
  const fs::path file = folder / ".local" / "state" / "gensetd" / "gensetd.sqlite";
  create_state_directory(file);
  for (fs::path made = file.parent_path(); made != folder; made = made.parent_path()) {
    struct stat status{};
    ASSERT_EQ(::stat(made.c_str(), &status), 0) << made;
    EXPECT_EQ(status.st_mode & 0777U, 0700U) << made;
  }
  EXPECT_NO_THROW(create_state_directory(file));
  write(folder / "file");
  EXPECT_THROW(create_state_directory(folder / "file" / "gensetd" / "gensetd.sqlite"), SettingsError);
}

}  // namespace
}  // namespace gensetd::daemon
