#pragma once

#include "profile/document.hpp"
#include "profile/profile.hpp"
#include "profile/profile_error.hpp"
#include "profile/words.hpp"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gensetd::profile {

// Reads the keys of one table of a profile file. Throws ProfileError with file, line and what is allowed.
// Keeps references to the node and the file name: for use on the stack only.
class TableReader {
 public:
  // Throws ProfileError if the node is not a table or contains a key that is not allowed. `what` is the kind
  // of table, such as "field".
  TableReader(const TomlNode& node, std::string_view file, std::string_view what,
              std::initializer_list<std::string_view> allowed);

  bool has(std::string_view key) const { return member(key) != nullptr; }

  // The position of the table, or of one of its keys if it exists.
  FilePosition position() const { return {file_, node_.line}; }
  FilePosition position(std::string_view key) const;

  // Each throws ProfileError if the key is missing, or its value has another type or is out of range.
  std::int64_t number(std::string_view key, std::int64_t low, std::int64_t high) const;
  std::string name(std::string_view key) const;  // [a-z0-9_]{1,64}
  std::string text(std::string_view key) const;  // at most 200 bytes, no control characters
  Text label(std::string_view key) const;        // both languages, neither empty
  const TomlList& list(std::string_view key, std::string_view allowed) const;
  const TomlNode& table(std::string_view key) const;

  template <typename Meaning, std::size_t count>
  Meaning word(std::string_view key, const WordTable<Meaning, count>& words) const {
    std::vector<std::string_view> allowed;
    for (const auto& [word, meaning] : words) allowed.push_back(word);
    return words[word_index(key, allowed)].second;
  }

 private:
  const TomlMember* member(std::string_view key) const;
  const TomlNode& need(std::string_view key, std::string_view allowed) const;
  std::size_t word_index(std::string_view key, const std::vector<std::string_view>& words) const;

  const TomlNode& node_;
  std::string_view file_;
  std::string_view what_;
};

}  // namespace gensetd::profile
