#include "commands/registry_command.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <unistd.h>

namespace gensetd::commands {
namespace {

namespace fs = std::filesystem;

struct Ran {
  int status = 0;
  std::string out;
  std::string errors;
};

class RegistryCommandTest : public testing::Test {
 protected:
  RegistryCommandTest() {
    std::string pattern = (fs::temp_directory_path() / "gensetd-export-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    use_database("r.sqlite");
  }
  ~RegistryCommandTest() override {
    ::unsetenv("DATABASE_URL");
    fs::remove_all(folder);
  }

  void use_database(const std::string& name) const {
    ::setenv("DATABASE_URL", ("sqlite:///" + (folder / name).string()).c_str(), 1);
  }

  static Ran run(const fs::path& file, bool import) {
    std::ostringstream out;
    std::ostringstream errors;
    RegistryOptions options;
    options.file = file.string();
    options.import = import;
    const int status = registry_command(options, out, errors);
    return {status, out.str(), errors.str()};
  }

  Ran import(const std::string& text) const {
    std::ofstream(folder / "in.json", std::ios::binary) << text;
    return run(folder / "in.json", true);
  }

  fs::path folder;
};

constexpr const char* plant =
    R"({"format":"gensetd registry 1","sites":[{"id":3,"name":"MKZ","code":"MKZ"}],"devices":[]})";

TEST_F(RegistryCommandTest, invalid_document_is_refused_with_what_is_expected) {
  const std::string expected = "; expected the JSON object that gensetd registry export writes\n";
  const std::string file = "gensetd registry: " + (folder / "in.json").string() + ": ";
  EXPECT_EQ(import("[]").errors, file + "holds an array" + expected);
  EXPECT_EQ(import("7").errors, file + "holds a number" + expected);
  EXPECT_EQ(import("").errors, file + "is empty" + expected);
  EXPECT_EQ(import("{\n\"sites\":[\n}").errors, file + "line 3 is not JSON (syntax error)" + expected);
  EXPECT_EQ(import("{}\n{}").errors, file + "line 2 is not JSON (extra data)" + expected);
  EXPECT_EQ(import("{").errors, file + "line 1 is not JSON (incomplete JSON)" + expected);
  EXPECT_EQ(import("[]").status, 2);
}

TEST_F(RegistryCommandTest, folder_cannot_be_imported_or_exported) {
  ASSERT_EQ(import(plant).status, 0);
  for (const bool direction : {false, true}) {
    const Ran ran = run(folder, direction);
    EXPECT_EQ(ran.status, 2);
    EXPECT_EQ(ran.errors, "gensetd registry: " + folder.string() + ": is a folder; name a file\n");
  }
  EXPECT_FALSE(fs::exists(folder.string() + ".partial"));
}

TEST_F(RegistryCommandTest, empty_file_name_is_refused) {
  for (const bool direction : {false, true})
    EXPECT_EQ(run("", direction).errors, "gensetd registry: the name of the file is empty; name a file\n");
}

TEST_F(RegistryCommandTest, exported_document_is_imported_unchanged) {
  ASSERT_EQ(import(plant).status, 0) << import(plant).errors;
  const Ran ran = run(folder / "out.json", false);
  EXPECT_EQ(ran.out, (folder / "out.json").string() + ": 1 sites and 0 devices written\n") << ran.errors;
  use_database("other.sqlite");
  EXPECT_EQ(run(folder / "out.json", true).status, 0);
  EXPECT_EQ(run(folder / "again.json", false).status, 0);
  const auto text_of = [&](const char* name) {
    std::ifstream stream(folder / name);
    return std::string{std::istreambuf_iterator<char>(stream), {}};
  };
  EXPECT_EQ(text_of("again.json"), text_of("out.json"));
}

TEST_F(RegistryCommandTest, standard_output_contains_only_the_document) {
  ASSERT_EQ(import(plant).status, 0);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const int before = ::dup(STDOUT_FILENO);
  ::dup2(ends[1], STDOUT_FILENO);
  const Ran ran = run("/dev/stdout", false);
  ::dup2(before, STDOUT_FILENO);
  ::close(before);
  ::close(ends[1]);
  std::array<char, 10'000> text{};
  const ssize_t length = ::read(ends[0], text.data(), text.size());
  ::close(ends[0]);
  ASSERT_GT(length, 0);
  EXPECT_EQ(text[0], '{');
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.errors, "/dev/stdout: 1 sites and 0 devices written\n");
  EXPECT_EQ(ran.status, 0);
}

}  // namespace
}  // namespace gensetd::commands
