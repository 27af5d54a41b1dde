#include "commands/file_contents.hpp"

#include "text/number.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace gensetd::commands {
namespace {

namespace fs = std::filesystem;

constexpr int links_max = 40;  // the limit of the kernel, path_resolution(7)

[[noreturn]] void refuse(const fs::path& file, std::string_view what) {
  throw std::runtime_error(fmt::format("{}: {}", file.string(), what));
}

std::string message_of(int error) { return std::generic_category().message(error); }

class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  ~FileDescriptor() {
    if (number_ >= 0) ::close(number_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  bool close() { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

// Returns errno, or 0.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t length = ::write(descriptor, text.data(), text.size());
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) return length < 0 ? errno : EIO;
    text.remove_prefix(static_cast<std::size_t>(length));
  }
  return 0;
}

void write_to_descriptor(const fs::path& file, int descriptor, std::string_view text) {
  const int error = write_all(descriptor, text);
  if (error != 0) refuse(file, fmt::format("cannot be written: {}", message_of(error)));
}

void write_through(const fs::path& file, std::string_view text) {
  const FileDescriptor open{::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY)};
  if (!open.is_open()) refuse(file, fmt::format("cannot be opened for writing: {}", message_of(errno)));
  write_to_descriptor(file, open.number(), text);
}

fs::path target_of(const fs::path& file) {
  fs::path target = file;
  std::error_code failed;
  for (int links = 0; fs::is_symlink(fs::symlink_status(target, failed)); ++links) {
    if (links == links_max) refuse(file, message_of(ELOOP));
    const fs::path next = fs::read_symlink(target, failed);
    if (failed) refuse(file, fmt::format("its target cannot be found: {}", failed.message()));
    target = next.is_absolute() ? next : target.parent_path() / next;
  }
  return target;
}

// A new file in the folder of `target`, which replaces it or is removed.
class TemporaryFile {
 public:
  TemporaryFile(const fs::path& target, const struct stat* before) : target_(target) {
    fs::path folder = target.parent_path();
    if (folder.empty()) folder = ".";
    path_ = (folder / ".gensetd-XXXXXX").string();
    number_ = ::mkostemp(path_.data(), O_CLOEXEC);
    if (number_ < 0) {
      refuse(target_,
             fmt::format("cannot create a file in the folder {}: {}", folder.string(), message_of(errno)));
    }
    copy_owner_and_mode(before);
  }
  ~TemporaryFile() {
    if (number_ >= 0) ::close(number_);
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::string_view text) const {
    int error = write_all(number_, text);
    if (error == 0 && ::fsync(number_) != 0) error = errno;
    if (error != 0) refuse(target_, fmt::format("cannot be written: {}", message_of(error)));
  }

  void replace_target() {
    if (::close(std::exchange(number_, -1)) != 0 || ::rename(path_.c_str(), target_.c_str()) != 0)
      refuse(target_, fmt::format("cannot be replaced: {}", message_of(errno)));
    path_.clear();
  }

 private:
  void copy_owner_and_mode(const struct stat* before) const {
    if (before == nullptr) {
      const mode_t mask = ::umask(0);
      ::umask(mask);
      ::fchmod(number_, 0666 & ~mask);
      return;
    }
    [[maybe_unused]] const int owned =
        ::fchown(number_, before->st_uid, before->st_gid);  // as far as permitted
    ::fchmod(number_, before->st_mode & 07777);
  }

  const fs::path target_;
  std::string path_;
  int number_ = -1;
};

}  // namespace

std::optional<int> descriptor_named_by(const fs::path& file) {
  const std::string name = file.string();
  if (name == "/dev/stdin") return STDIN_FILENO;
  if (name == "/dev/stdout") return STDOUT_FILENO;
  if (name == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (name.starts_with(folder))
      return text::parse_number<int>(std::string_view{name}.substr(folder.size()), 0);
  }
  return std::nullopt;
}

std::string read_file(const fs::path& file, std::size_t bytes_max) {
  const FileDescriptor open{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
  if (!open.is_open()) refuse(file, fmt::format("cannot be read: {}", message_of(errno)));
  std::string text;
  std::string piece(65'536, '\0');
  while (true) {
    const ssize_t length = ::read(open.number(), piece.data(), piece.size());
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EISDIR) refuse(file, "is a folder; name a file");
    if (length < 0) refuse(file, fmt::format("cannot be read: {}", message_of(errno)));
    if (length == 0) return text;
    if (text.size() + static_cast<std::size_t>(length) > bytes_max)
      refuse(file, fmt::format("is larger than {} bytes", bytes_max));
    text.append(piece, 0, static_cast<std::size_t>(length));
  }
}

void write_file(const fs::path& file, std::string_view text) {
  if (const auto descriptor = descriptor_named_by(file)) return write_to_descriptor(file, *descriptor, text);
  struct stat status{};
  const bool exists = ::stat(file.c_str(), &status) == 0;
  if (!exists && errno != ENOENT) refuse(file, fmt::format("cannot be written: {}", message_of(errno)));
  if (exists && S_ISDIR(status.st_mode)) refuse(file, "is a folder; name a file");
  if (exists && !S_ISREG(status.st_mode)) return write_through(file, text);
  TemporaryFile draft(target_of(file), exists ? &status : nullptr);
  draft.write(text);
  draft.replace_target();
}

}  // namespace gensetd::commands
