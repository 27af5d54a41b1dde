#pragma once

#include "profile/document.hpp"
#include "profile/profile.hpp"
#include "profile/profile_error.hpp"
#include "profile/words.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gensetd::profile {

// Register and coil addresses in a PDU have 16 bits (Modbus Application Protocol V1.1b3, chapter 4.4).
constexpr std::int64_t address_max = 65'535;

// A value as messages show it.
std::string shown(const TomlNode& node);

// Reads the keys of one table of a profile file. Throws ProfileError with file, line and what is allowed.
// Keeps references to the node and the file name: for use on the stack only.
class TableReader {
 public:
  // Throws ProfileError if the node is not a table or contains a key that is not allowed. `what` is the kind
  // of table, such as "field". Keys of `format_2` are refused with the format that allows them.
  TableReader(const TomlNode& node, std::string_view file, std::string_view what,
              const std::vector<std::string_view>& allowed,
              const std::vector<std::string_view>& format_2 = {});

  bool has(std::string_view key) const { return member(key) != nullptr; }

  // The position of the table, or of one of its keys if it exists.
  FilePosition position() const { return {file_, node_.line}; }
  FilePosition position(std::string_view key) const;

  // Each throws ProfileError if the key is missing, or its value has another type or is out of range.
  std::int64_t number(std::string_view key, std::int64_t low, std::int64_t high) const;
  bool truth(std::string_view key) const;
  std::string name(std::string_view key) const;  // [a-z0-9_]{1,64}
  // At most `bytes_max` bytes, no control characters.
  std::string text(std::string_view key, std::size_t bytes_max = text_max) const;
  Text label(std::string_view key, std::size_t bytes_max = text_max) const;  // both languages, neither empty
  static constexpr std::size_t text_max = 200;
  const TomlList& list(std::string_view key, std::string_view allowed) const;
  const TomlNode& table(std::string_view key) const;
  const TomlNode& value(std::string_view key, std::string_view allowed) const;

  // A value that value() gave and the caller does not accept.
  [[noreturn]] void refuse_value(std::string_view key, std::string_view allowed) const;

  // `words` is a WordTable or a part of one.
  template <typename Words>
  auto word(std::string_view key, const Words& words) const {
    std::vector<std::string_view> allowed;
    allowed.reserve(words.size());
    for (const auto& [word, meaning] : words) allowed.push_back(word);
    return words[word_index(key, allowed)].second;
  }

 private:
  const TomlMember* member(std::string_view key) const;
  std::size_t word_index(std::string_view key, const std::vector<std::string_view>& words) const;

  const TomlNode& node_;
  std::string_view file_;
  std::string_view what_;
};

// The table with the keys that its format allows.
TableReader reader_of(const TomlNode& node, std::string_view file, std::string_view what, unsigned format,
                      std::vector<std::string_view> keys, const std::vector<std::string_view>& format_2);

}  // namespace gensetd::profile
