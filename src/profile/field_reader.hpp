#pragma once

#include "profile/profile_rules.hpp"
#include "profile/table_reader.hpp"

namespace gensetd::profile {

// Adds the fields of the file to the draft, or changes those of the base profile. `format` is that of the
// file. Throws ProfileError.
void read_fields(ProfileDraft& draft, const TableReader& table, const Profile& profile, unsigned format,
                 bool derived);

// Where and how a value is stored, of a value that is not in a reading: the keys table, address, type, bit,
// mask, length, digits, encoding and the orders of format 2. Throws ProfileError.
Field read_unnamed_field(const TableReader& table);

// Format 2: applies the keys of the top level to the fields that do not state them. Throws ProfileError.
void settle_fields(ProfileDraft& draft, const NumberDefaults& defaults);

}  // namespace gensetd::profile
