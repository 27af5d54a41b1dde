#include "profile/catalog.hpp"

#include "profile/built_in_files.hpp"
#include "profile/document.hpp"
#include "profile/profile_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

namespace gensetd::profile {
namespace {

// A register map of 1,000 fields has 200 kB; more is no profile.
constexpr std::uintmax_t file_bytes_max = 1U << 20U;

// A file of the directory that waits for the profile that it extends.
struct Waiting {
  std::string file;
  Node document;
  Heading heading;
};

std::vector<std::filesystem::path> toml_files(const std::filesystem::path& directory) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  std::filesystem::directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::directory_iterator{}; entry.increment(error)) {
    const std::filesystem::path& path = entry->path();
    // An editor's hidden files are none of ours.
    if (path.extension() == ".toml" && !path.filename().native().starts_with('.')) files.push_back(path);
  }
  if (error) {
    refuse({directory.native()},
           fmt::format("the directory of profiles cannot be read ({}): must be a directory "
                       "that this user may list",
                       error.message()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string text_of(const std::filesystem::path& path) {
  std::error_code error;
  const bool is_file = std::filesystem::is_regular_file(path, error);
  const std::uintmax_t size = is_file ? std::filesystem::file_size(path, error) : 0;
  if (error || !is_file || size > file_bytes_max)
    refuse({path.native()}, "cannot be used: must be a file of 1 MB at most");
  std::ifstream stream(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (!stream) refuse({path.native()}, "cannot be read: this user must be allowed to read it");
  return text;
}

std::vector<Waiting> read_directory(const std::filesystem::path& directory) {
  std::vector<Waiting> waiting;
  for (const std::filesystem::path& path : toml_files(directory)) {
    Waiting next{path.native(), parse_document(text_of(path), path.native()), {}};
    next.heading = read_heading(next.document, next.file);
    for (const Waiting& other : waiting) {
      if (other.heading.name != next.heading.name) continue;
      refuse({next.file, next.heading.name_line},
             fmt::format("profile {} is in {} already: each name must be in one file of the directory",
                         next.heading.name, other.file));
    }
    waiting.push_back(std::move(next));
  }
  return waiting;
}

// The next file whose base, if any, does not wait itself.
std::vector<Waiting>::iterator next_ready(std::vector<Waiting>& waiting) {
  return std::find_if(waiting.begin(), waiting.end(), [&](const Waiting& file) {
    return std::none_of(waiting.begin(), waiting.end(),
                        [&](const Waiting& other) { return other.heading.name == file.heading.extends; });
  });
}

}  // namespace

Catalog Catalog::built_in() {
  static const Catalog catalog = [] {
    Catalog built;
    for (const BuiltInFile& file : built_in_files()) {
      const ProfilePtr profile = built.parse(file.text, file.name);
      built.profiles_[profile->name] = profile;
    }
    return built;
  }();
  return catalog;
}

Catalog Catalog::with_directory(const std::filesystem::path& directory) {
  Catalog catalog = built_in();
  std::vector<Waiting> waiting = read_directory(directory);
  while (!waiting.empty()) {
    const auto ready = next_ready(waiting);
    if (ready == waiting.end()) {
      const Waiting& stuck = waiting.front();
      refuse(
          {stuck.file, stuck.heading.extends_line},
          fmt::format("profile {} extends {}, which ends in a circle: must end at a profile without extends",
                      stuck.heading.name, stuck.heading.extends));
    }
    const ProfilePtr base = catalog.base_of(ready->heading, ready->file);
    catalog.profiles_[ready->heading.name] =
        std::make_shared<const Profile>(read_profile(ready->document, ready->file, base.get()));
    waiting.erase(ready);
  }
  return catalog;
}

ProfilePtr Catalog::parse(std::string_view text, std::string_view file) const {
  const Node document = parse_document(text, file);
  const ProfilePtr base = base_of(read_heading(document, file), file);
  return std::make_shared<const Profile>(read_profile(document, file, base.get()));
}

ProfilePtr Catalog::base_of(const Heading& heading, std::string_view file) const {
  if (heading.extends.empty()) return nullptr;
  if (ProfilePtr base = find(heading.extends)) return base;
  std::string known;
  for (const auto& [name, profile] : profiles_) known += (known.empty() ? "" : ", ") + name;
  refuse(
      {file, heading.extends_line},
      fmt::format("extends = \"{}\": there is no such profile: must be one of {}", heading.extends, known));
}

ProfilePtr Catalog::find(std::string_view name) const {
  const auto found = profiles_.find(name);
  return found == profiles_.end() ? nullptr : found->second;
}

}  // namespace gensetd::profile
