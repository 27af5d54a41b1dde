#pragma once

#include <cstdint>
#include <optional>

namespace gensetd::profile {

// A decoded value: a whole number of 10^-decimals units of its field (3985 of a field with one decimal prints
// as 398.5), 0 or 1 for a bit, empty for 'no data'.
using Value = std::optional<std::int64_t>;

// For exact intermediate results of values.
__extension__ using Int128 = __int128;

}  // namespace gensetd::profile
