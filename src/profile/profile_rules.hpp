#pragma once

#include "profile/profile.hpp"
#include "profile/profile_error.hpp"

#include <string_view>
#include <utility>
#include <vector>

namespace gensetd::profile {

// A profile while its file is read: each part with the line of the file that says it last, 0 for what another
// file says (the profile that it extends).
struct Draft {
  template <typename Part>
  struct Line {
    Part part;
    unsigned line = 0;
  };
  std::string_view file;
  std::vector<Line<Block>> blocks;
  std::vector<Line<Field>> fields;
};

// The smallest and largest count of a type, before any limit.
std::pair<std::int64_t, std::int64_t> count_range(Type type);

// Registers that a value of this type takes.
inline std::uint16_t register_count(Type type) { return type == Type::u32 || type == Type::i32 ? 2 : 1; }

NoData default_no_data(Type type);

// What one field must satisfy by itself: no-data rule, limits, decimals and name. Throws ProfileError.
void check_field(const Field& field, const Place& place);

// Puts the blocks in ascending order and each field into its block, and checks the parts against each other.
// Throws ProfileError.
void settle(Draft& draft);

}  // namespace gensetd::profile
