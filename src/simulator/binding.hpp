#pragma once

#include "profile/profile.hpp"
#include "simulator/quantity.hpp"
#include "simulator/register_bank.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace gensetd::simulator {

// What one field of a profile is written from.
struct FieldSource {
  // The field's value for each value 0, 1, 2 ... of the quantity; for other values the field is not written.
  // Empty: the field has the value of the quantity.
  using Translation = std::vector<std::optional<double>>;

  std::size_t field = 0;     // index in Profile::fields
  std::size_t quantity = 0;  // index in the list of names
  Translation translation;
};

// A quantity is written to the field of its name, and to the field with the role that this name has
// (profile/legacy_roles.hpp). Codes are translated by what they mean: the simulated controllers are those of
// SmartGen, others have other codes for the same state. A state that is a bit here may be a code there, and
// the other way round.
std::vector<FieldSource> sources_of(const profile::Profile& profile,
                                    std::span<const std::string_view> quantities);

// Writes the readings of a simulated device to the fields of a profile.
template <class Readings>
class Binding {
 public:
  Binding(const profile::Profile& profile, std::span<const Quantity<Readings>> quantities) {
    std::vector<std::string_view> names;
    for (const Quantity<Readings>& quantity : quantities) names.push_back(quantity.name);
    for (FieldSource& source : sources_of(profile, names)) {
      pairs_.push_back(
          {&profile.fields[source.field], quantities[source.quantity].member, std::move(source.translation)});
    }
  }

  void write(const Readings& readings, RegisterBank& bank) const {
    for (const Pair& pair : pairs_) {
      const double value = readings.*pair.member;
      if (pair.translation.empty()) {
        bank.set(*pair.field, value);
        continue;
      }
      const auto index = static_cast<std::size_t>(std::max(0L, std::lround(value)));
      if (index < pair.translation.size() && pair.translation[index])
        bank.set(*pair.field, *pair.translation[index]);
    }
  }

 private:
  struct Pair {
    const profile::Field* field;  // of the profile, which outlives this
    double Readings::* member;
    FieldSource::Translation translation;
  };
  std::vector<Pair> pairs_;
};

}  // namespace gensetd::simulator
