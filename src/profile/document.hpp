#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gensetd::profile {

struct TomlMember;
struct TomlNode;

// The types of TOML that a profile may contain. A float or date becomes UnsupportedValue, which no key
// accepts.
struct UnsupportedValue {
  std::string text;  // of a float; empty: a date
};
using TomlList = std::vector<TomlNode>;
struct TomlTable {
  std::vector<TomlMember> members;  // in the order of the file; keys are unique
};

// A value of the file and the line where it begins.
struct TomlNode {
  unsigned line = 0;
  std::variant<UnsupportedValue, bool, std::int64_t, std::string, TomlList, TomlTable> value;
};

struct TomlMember {
  std::string key;
  unsigned line = 0;
  TomlNode value;
};

// Parses TOML into a tree with line numbers; the root is a TomlTable. Throws ProfileError; `file` is named in
// its message.
TomlNode parse_document(std::string_view text, std::string_view file);

}  // namespace gensetd::profile
