#pragma once

#include "profile/profile.hpp"
#include "profile/profile_rules.hpp"

#include <cstdint>

namespace gensetd::profile {

// Sorts the blocks, checks that they do not overlap, and finds the fields of their conditions, which become
// Profile::conditions. The code tables of `profile` must be there. Throws ProfileError.
void arrange_blocks(ProfileDraft& draft, Profile& profile);

// Checks that texts are read rarely. Each field must have its block already. Throws ProfileError.
void check_texts(const ProfileDraft& draft);
inline constexpr std::uint16_t text_every_min = 10;

// Checks that the fields of all conditions are in blocks that are always read. Each field must have its block
// already. Throws ProfileError.
void check_conditions(const ProfileDraft& draft, const Profile& profile);

}  // namespace gensetd::profile
