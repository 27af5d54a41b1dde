#include "profile/catalog.hpp"

#include "profile/built_in_files.hpp"
#include "profile/document.hpp"
#include "profile/profile_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

namespace gensetd::profile {
namespace {

// A register map of 1,000 fields has 200 kB.
constexpr std::uintmax_t file_bytes_max = 1U << 20U;

// A file of the directory that is not read yet, because the profile that it extends must be read first.
struct PendingFile {
  std::string file;
  TomlNode document;
  ProfileHeader header;
};

std::vector<std::filesystem::path> toml_files(const std::filesystem::path& directory) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  std::filesystem::directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::directory_iterator{}; entry.increment(error)) {
    const std::filesystem::path& path = entry->path();
    // Skip hidden files, such as an editor's backup.
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

std::string read_text(const std::filesystem::path& path) {
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

std::vector<PendingFile> read_directory(const std::filesystem::path& directory) {
  std::vector<PendingFile> pending;
  for (const std::filesystem::path& path : toml_files(directory)) {
    PendingFile next{path.native(), parse_document(read_text(path), path.native()), {}};
    next.header = read_header(next.document, next.file);
    for (const PendingFile& other : pending) {
      if (other.header.name != next.header.name) continue;
      refuse({next.file, next.header.name_line},
             fmt::format("profile {} is in {} already: each name must be in one file of the directory",
                         next.header.name, other.file));
    }
    pending.push_back(std::move(next));
  }
  return pending;
}

// The next file whose base, if any, is not pending itself.
std::vector<PendingFile>::iterator next_ready(std::vector<PendingFile>& pending) {
  return std::find_if(pending.begin(), pending.end(), [&](const PendingFile& file) {
    return std::none_of(pending.begin(), pending.end(),
                        [&](const PendingFile& other) { return other.header.name == file.header.extends; });
  });
}

}  // namespace

std::string_view default_profile(DeviceType type) {
  return type == DeviceType::generator ? "hgm9520n" : "hgm9560";
}

std::string_view to_word(Origin origin) {
  constexpr std::array<std::string_view, 3> words = {"built_in", "file", "database"};
  return words.at(static_cast<std::size_t>(origin));
}

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
  std::vector<PendingFile> pending = read_directory(directory);
  while (!pending.empty()) {
    const auto ready = next_ready(pending);
    if (ready == pending.end()) {
      const PendingFile& stuck = pending.front();
      refuse({stuck.file, stuck.header.extends_line},
             fmt::format("profile {} extends {}, which leads back to itself: the chain must end at a profile "
                         "without extends",
                         stuck.header.name, stuck.header.extends));
    }
    const ProfilePtr base = catalog.base_of(ready->header, ready->file);
    catalog.add(std::make_shared<const Profile>(read_profile(ready->document, ready->file, base.get())),
                Origin::file);
    pending.erase(ready);
  }
  return catalog;
}

ProfilePtr Catalog::parse(std::string_view text, std::string_view file) const {
  const TomlNode document = parse_document(text, file);
  const ProfilePtr base = base_of(read_header(document, file), file);
  return std::make_shared<const Profile>(read_profile(document, file, base.get()));
}

ProfilePtr Catalog::base_of(const ProfileHeader& header, std::string_view file) const {
  if (header.extends.empty()) return nullptr;
  if (ProfilePtr base = find(header.extends)) return base;
  std::string known;
  for (const auto& [name, profile] : profiles_) known += (known.empty() ? "" : ", ") + name;
  refuse({file, header.extends_line},
         fmt::format("extends = \"{}\": there is no such profile: must be one of {}", header.extends, known));
}

Origin Catalog::origin_of(std::string_view name) const {
  const auto found = origins_.find(name);
  return found == origins_.end() ? Origin::built_in : found->second;
}

void Catalog::add(ProfilePtr profile, Origin origin) {
  origins_[profile->name] = origin;
  profiles_[profile->name] = std::move(profile);
}

ProfilePtr Catalog::find(std::string_view name) const {
  const auto found = profiles_.find(name);
  return found == profiles_.end() ? nullptr : found->second;
}

}  // namespace gensetd::profile
