#include "commands/file_contents.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace gensetd::commands {
namespace {

namespace fs = std::filesystem;

class FileContentsTest : public testing::Test {
 protected:
  FileContentsTest() {
    std::string pattern = (fs::temp_directory_path() / "gensetd-file-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
  }
  ~FileContentsTest() override { fs::remove_all(folder); }

  void put(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name, std::ios::binary) << text;
  }
  std::string text_of(const std::string& name) const {
    std::ifstream stream(folder / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      all.push_back(entry.path().lexically_relative(folder).string());
    std::ranges::sort(all);
    return all;
  }

  fs::path folder;
};

std::string refusal_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "nothing was refused";
}

using Names = std::vector<std::string>;

TEST_F(FileContentsTest, new_file_contains_the_text_with_default_permissions) {
  const mode_t before = ::umask(022);
  write_file(folder / "new", "text");
  ::umask(before);
  EXPECT_EQ(text_of("new"), "text");
  struct stat status{};
  ASSERT_EQ(::stat((folder / "new").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0644U);
  EXPECT_EQ(names(), (Names{"new"}));
}

TEST_F(FileContentsTest, replaced_file_keeps_its_permissions) {
  put("old", "longer than the new text");
  fs::permissions(folder / "old", fs::perms{0640});
  write_file(folder / "old", "text");
  EXPECT_EQ(text_of("old"), "text");
  EXPECT_EQ(fs::status(folder / "old").permissions(), fs::perms{0640});
  EXPECT_EQ(names(), (Names{"old"}));
}

TEST_F(FileContentsTest, symbolic_links_stay_and_their_target_is_replaced_or_created) {
  fs::create_directory(folder / "elsewhere");
  put("elsewhere/target", "old");
  fs::create_symlink("elsewhere/link", folder / "first");
  fs::create_symlink("target", folder / "elsewhere" / "link");
  fs::create_symlink(folder / "elsewhere" / "new", folder / "dangling");
  write_file(folder / "first", "text");
  write_file(folder / "dangling", "made");
  EXPECT_TRUE(fs::is_symlink(folder / "first"));
  EXPECT_TRUE(fs::is_symlink(folder / "elsewhere" / "link"));
  EXPECT_EQ(text_of("elsewhere/target"), "text");
  EXPECT_EQ(text_of("elsewhere/new"), "made");
  EXPECT_EQ(names(),
            (Names{"dangling", "elsewhere", "elsewhere/link", "elsewhere/new", "elsewhere/target", "first"}));
}

TEST_F(FileContentsTest, circular_link_is_refused) {
  fs::create_symlink("b", folder / "a");
  fs::create_symlink("a", folder / "b");
  EXPECT_NE(refusal_of([&] { write_file(folder / "a", "text"); }).find("symbolic links"), std::string::npos);
  EXPECT_EQ(names(), (Names{"a", "b"}));
}

TEST_F(FileContentsTest, fifo_is_written_to_and_read_from) {
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  const std::string text(300'000, 'x');  // more than it holds
  std::thread writer([&] { write_file(folder / "fifo", text); });
  EXPECT_EQ(read_file(folder / "fifo"), text);
  writer.join();
  EXPECT_TRUE(fs::is_fifo(folder / "fifo"));
  EXPECT_EQ(names(), (Names{"fifo"}));
}

TEST_F(FileContentsTest, device_is_written_to) {
  if (::mknod((folder / "full").c_str(), S_IFCHR | 0600, makedev(1, 7)) != 0) GTEST_SKIP() << "needs root";
  EXPECT_EQ(refusal_of([&] { write_file(folder / "full", "text"); }),
            (folder / "full").string() + ": cannot be written: No space left on device");
  EXPECT_TRUE(fs::is_character_file(folder / "full"));
  EXPECT_EQ(names(), (Names{"full"}));
}

TEST_F(FileContentsTest, open_descriptor_is_written_to) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  for (const char* const place : {"/dev/fd/", "/proc/self/fd/"})
    write_file(place + std::to_string(ends[1]), "text");
  std::array<char, 20> read{};
  EXPECT_EQ(::read(ends[0], read.data(), read.size()), 8);
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_EQ(descriptor_named_by("/dev/stdout"), 1);
  EXPECT_EQ(descriptor_named_by("/dev/fd/17"), 17);
  EXPECT_EQ(descriptor_named_by("/dev/fd/x"), std::nullopt);
  EXPECT_EQ(descriptor_named_by("/dev/fd/"), std::nullopt);
  EXPECT_EQ(descriptor_named_by("stdout"), std::nullopt);
}

TEST_F(FileContentsTest, folder_is_refused_and_no_temporary_file_remains) {
  fs::create_directory(folder / "sub");
  const std::string sentence = (folder / "sub").string() + ": is a folder; name a file";
  EXPECT_EQ(refusal_of([&] { write_file(folder / "sub", "text"); }), sentence);
  EXPECT_EQ(refusal_of([&] { write_file(folder / "sub/", "text"); }),
            (folder / "sub/").string() + ": is a folder; name a file");
  EXPECT_EQ(refusal_of([&] { read_file(folder / "sub"); }), sentence);
  EXPECT_EQ(names(), (Names{"sub"}));
}

TEST_F(FileContentsTest, missing_folder_is_named) {
  const std::string refusal = refusal_of([&] { write_file(folder / "no" / "file", "text"); });
  EXPECT_EQ(refusal, (folder / "no" / "file").string() + ": cannot create a file in the folder " +
                         (folder / "no").string() + ": No such file or directory");
  EXPECT_EQ(refusal_of([&] { read_file(folder / "no"); }),
            (folder / "no").string() + ": cannot be read: No such file or directory");
}

// As on a full disk, in a process of its own.
TEST_F(FileContentsTest, failed_write_leaves_the_file_unchanged_and_no_temporary_file) {
  put("old", "as it was");
  const auto fail = [&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 4'096, .rlim_max = 4'096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const std::string refusal = refusal_of([&] { write_file(folder / "old", std::string(10'000, 'x')); });
    std::_Exit(refusal == (folder / "old").string() + ": cannot be written: File too large" ? 0 : 1);
  };
  EXPECT_EXIT(fail(), testing::ExitedWithCode(0), "");
  EXPECT_EQ(text_of("old"), "as it was");
  EXPECT_EQ(names(), (Names{"old"}));
}

TEST_F(FileContentsTest, endless_input_is_read_up_to_the_limit) {
  put("long", std::string(1'001, 'x'));
  EXPECT_EQ(read_file(folder / "long", 1'001).size(), 1'001U);
  EXPECT_EQ(refusal_of([&] { read_file(folder / "long", 1'000); }),
            (folder / "long").string() + ": is larger than 1000 bytes");
}

}  // namespace
}  // namespace gensetd::commands
