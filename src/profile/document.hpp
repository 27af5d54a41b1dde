#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gensetd::profile {

struct Member;
struct Node;

// What a profile may hold of TOML's types; a float or date becomes Other, which no key accepts.
struct Other {};
using List = std::vector<Node>;
struct Table {
  std::vector<Member> members;  // in the order of the file; keys are unique
};

// A value of the file and the line where it begins.
struct Node {
  unsigned line = 0;
  std::variant<Other, bool, std::int64_t, std::string, List, Table> value;
};

struct Member {
  std::string key;
  unsigned line = 0;
  Node value;
};

// Reads TOML into a tree that knows its lines; the root is a Table. Throws ProfileError naming `file`.
Node parse_document(std::string_view text, std::string_view file);

}  // namespace gensetd::profile
