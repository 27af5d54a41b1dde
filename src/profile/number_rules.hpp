#pragma once

#include "profile/profile.hpp"
#include "profile/profile_error.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

namespace gensetd::profile {

// Whether all fields of the type have the same number of registers.
bool has_fixed_length(Type type);

// Number of registers of the field's value.
std::uint16_t register_count(const Field& field);

// Number of raw bits of the field, after its mask.
unsigned bit_count(const Field& field);

// The same for the widest field of a type without a mask.
unsigned widest_bits(Type type);

// The smallest and largest count of the field, before limits.
std::pair<std::int64_t, std::int64_t> value_range(const Field& field);

// The named rule that fits a type, which format 1 applies unless the field states another.
NoData default_no_data(Type type);

// Throws ProfileError if the limits do not fit the field.
void check_limits(const Field& field, const FilePosition& position);

// Throws ProfileError if the rule does not fit numbers of this type and width. `subject` begins the message.
void check_rule(const NoDataRule& rule, Type type, unsigned bits, std::string_view subject,
                const FilePosition& position);

// Checks the keys of a field of format 2 together with those that it takes from the profile, and prepares its
// decoding. Throws ProfileError.
void settle_number(Field& field, const NumberDefaults& defaults, const FilePosition& position);

}  // namespace gensetd::profile
