#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace gensetd::app {

// Files that a command reads or writes as a whole. Both functions throw std::runtime_error with one line:
// which file, what happened, what to do.

inline constexpr std::size_t file_bytes_max = 256 * 1'024 * 1'024;

// Regular files, and what can be read to an end: a FIFO, /dev/stdin.
std::string read_whole_file(const std::filesystem::path& file, std::size_t bytes_max = file_bytes_max);

// A regular file is replaced at once: after an error it is as it was before, and nothing stands beside it. A
// symbolic link stays, its target is replaced. A FIFO, a device or an open descriptor (/dev/stdout,
// /dev/fd/3) is written to.
void write_whole_file(const std::filesystem::path& file, std::string_view text);

// The descriptor of this process that the path names, such as 1 for /dev/stdout.
std::optional<int> descriptor_named_by(const std::filesystem::path& file);

}  // namespace gensetd::app
