#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace gensetd::commands {

// Reading and writing of complete files. Both functions throw std::runtime_error with one line: which file,
// what happened, what to do.

inline constexpr std::size_t file_bytes_max = 256 * 1'024 * 1'024;

// Reads a regular file, a FIFO or /dev/stdin to its end. More than `bytes_max` is an error.
std::string read_file(const std::filesystem::path& file, std::size_t bytes_max = file_bytes_max);

// Replaces a regular file atomically: after an error it is unchanged, and no temporary file remains. A
// symbolic link stays; its target is replaced. A FIFO, a device or an open descriptor (/dev/stdout,
// /dev/fd/3) is written to.
void write_file(const std::filesystem::path& file, std::string_view text);

// The descriptor of this process that the path names, such as 1 for /dev/stdout.
std::optional<int> descriptor_named_by(const std::filesystem::path& file);

}  // namespace gensetd::commands
