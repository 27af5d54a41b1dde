#pragma once

#include "profile/document.hpp"
#include "profile/profile.hpp"
#include "profile/profile_error.hpp"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gensetd::profile {

// A choice of words and what each means.
template <typename Meaning>
using Words = std::initializer_list<std::pair<std::string_view, Meaning>>;

// Reads one table of a profile file by its keys. Whatever is not as it must be is refused with file, line and
// what is allowed. Keeps references to the node and the file's name: for use on the stack.
class TableReader {
 public:
  // Refuses a node that is no table, and any key that is not allowed. `what` names the table: "field".
  TableReader(const Node& node, std::string_view file, std::string_view what,
              std::initializer_list<std::string_view> allowed);

  bool has(std::string_view key) const { return member(key) != nullptr; }

  // The table's line, or that of one of its keys when it is there.
  Place place() const { return {file_, node_.line}; }
  Place place(std::string_view key) const;

  // Each refuses a missing key and a value of another type, or out of range.
  std::int64_t number(std::string_view key, std::int64_t low, std::int64_t high) const;
  std::string name(std::string_view key) const;  // [a-z0-9_]{1,64}
  std::string text(std::string_view key) const;  // at most 200 bytes, no control characters
  Text label(std::string_view key) const;        // both languages, neither empty
  const List& list(std::string_view key, std::string_view allowed) const;
  const Node& table(std::string_view key) const;

  template <typename Meaning>
  Meaning word(std::string_view key, Words<Meaning> words) const {
    std::vector<std::string_view> allowed;
    for (const auto& [word, meaning] : words) allowed.push_back(word);
    return std::data(words)[word_index(key, allowed)].second;
  }

 private:
  const Member* member(std::string_view key) const;
  const Node& need(std::string_view key, std::string_view allowed) const;
  std::size_t word_index(std::string_view key, const std::vector<std::string_view>& words) const;

  const Node& node_;
  std::string_view file_;
  std::string_view what_;
};

}  // namespace gensetd::profile
