#pragma once

#include "profile/profile.hpp"
#include "profile/profile_error.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace gensetd::profile {

// A profile while its file is read. Each part has the line of this file that defines or overrides it, or 0 if
// it is defined by the base profile.
struct ProfileDraft {
  template <typename Part>
  struct Line {
    Part part;
    unsigned line = 0;
  };
  std::string_view file;
  unsigned extends_line = 0;
  std::vector<Line<Block>> blocks;
  std::vector<Line<Field>> fields;

  // The position that a message about a part names. A part of the base may be wrong because the file removes
  // or changes another one.
  FilePosition position(unsigned line) const { return {file, line != 0 ? line : extends_line}; }
  // Of two conflicting parts: the later line.
  template <typename Part>
  FilePosition later(const Line<Part>& a, const Line<Part>& b) const {
    return position(std::max(a.line, b.line));
  }
};

// Throws ProfileError if the field has the name of a key of every reading.
void check_field_name(const Field& field, const FilePosition& position);

// Checks the rules of format 1 that concern one field alone: no-data rule, limits, decimals and name. Throws
// ProfileError.
void check_field(const Field& field, const FilePosition& position);

// Sorts the blocks, assigns each field to its block, finds the fields of conditions, and checks that blocks
// do not overlap and fields differ. Sets Profile::conditions; the code tables of `profile` must be there.
// Throws ProfileError.
void finish_draft(ProfileDraft& draft, Profile& profile);

}  // namespace gensetd::profile
