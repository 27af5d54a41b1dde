#include "simulator/binding.hpp"

#include "profile/legacy_roles.hpp"
#include "profile/roles.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace gensetd::simulator {
namespace {

using profile::Code;
using profile::Field;
using profile::Meaning;
using profile::named_role;
using profile::Profile;
using profile::Role;
using profile::RoleKind;
using Translation = FieldSource::Translation;

constexpr std::int64_t codes_end = 16;  // the simulated controllers have codes 0 to 15

// Quantities that no profile of format 1 has.
struct NewName {
  std::string_view name;
  Role role;
};
constexpr auto new_names = std::to_array<NewName>({
    {"gen_ua", named_role("generator.voltage.a")},
    {"gen_ub", named_role("generator.voltage.b")},
    {"gen_uc", named_role("generator.voltage.c")},
});

std::optional<Role> role_of(std::string_view quantity) {
  const auto* found = std::ranges::find(new_names, quantity, &NewName::name);
  return found != new_names.end() ? std::optional{found->role} : profile::legacy_role(quantity);
}

// A state that one controller shows as a code and another one as a bit.
struct SameState {
  Role code;
  Role bit;
  Meaning set;
  std::optional<Meaning> clear;  // empty: another bit is set then
};
constexpr auto same_states = std::to_array<SameState>({
    {named_role("breaker.generator.state"), named_role("breaker.generator.closed"), Meaning::closed,
     Meaning::open},
    {named_role("breaker.mains.state"), named_role("breaker.mains.closed"), Meaning::closed, Meaning::open},
    {named_role("breaker.busbar.state"), named_role("breaker.busbar.closed"), Meaning::closed, Meaning::open},
    {named_role("mains.state"), named_role("mains.normal"), Meaning::normal, Meaning::abnormal},
    {named_role("mode"), named_role("mode.auto"), Meaning::automatic, {}},
    {named_role("mode"), named_role("mode.manual"), Meaning::manual, {}},
    {named_role("mode"), named_role("mode.stop"), Meaning::stop, {}},
    {named_role("mode"), named_role("mode.test"), Meaning::test, {}},
});

// Without the stages in between: an opening breaker still conducts, an engine that starts does not run yet.
Meaning settled(Meaning meaning) {
  switch (meaning) {
    case Meaning::starting:
    case Meaning::stopping:
    case Meaning::fault:
      return Meaning::stopped;
    case Meaning::closing:
      return Meaning::open;
    case Meaning::opening:
      return Meaning::closed;
    case Meaning::normal_delay:
      return Meaning::normal;
    case Meaning::abnormal_delay:
      return Meaning::abnormal;
    default:
      return meaning;
  }
}

// What a code of a simulated controller means: those of the engine are the HGM9520N's.
std::optional<Meaning> simulated_meaning(Role role, std::int64_t code) {
  const std::string_view key = code == 14 ? "post_stop" : code == 15 ? "stop_failure" : "";
  return profile::legacy_meaning(role,
                                 Code{.value = code, .key = std::string{key}, .label = {}, .means = {}});
}

const std::vector<Code>* codes_of(const Profile& profile, const Field& field) {
  const auto table = std::ranges::find(profile.code_tables, field.codes, &profile::CodeTable::name);
  return table == profile.code_tables.end() ? nullptr : &table->codes;
}

// The code of the field with this meaning: the one whose key is the meaning's word, or the first. Otherwise
// that of the settled state.
std::optional<double> code_for(const Profile& profile, const Field& field, Meaning meaning) {
  const std::vector<Code>* codes = codes_of(profile, field);
  if (codes == nullptr) return std::nullopt;
  for (const Meaning wanted : {meaning, settled(meaning)}) {
    const auto is_named = [&](const Code& code) {
      return code.means == wanted && code.key == profile::to_word(wanted);
    };
    const auto named = std::ranges::find_if(*codes, is_named);
    if (named != codes->end()) return static_cast<double>(named->value);
    const auto code = std::ranges::find(*codes, std::optional{wanted}, &Code::means);
    if (code != codes->end()) return static_cast<double>(code->value);
  }
  return std::nullopt;
}

// From the simulated codes of a role to those of the field with this role. A code that means the same stays;
// so do all codes if nothing is known of the field's.
Translation code_to_code(const Profile& profile, const Field& field, Role role) {
  const std::vector<Code>* codes = codes_of(profile, field);
  const auto has_meaning = [](const Code& code) { return code.means.has_value(); };
  if (codes == nullptr || std::ranges::none_of(*codes, has_meaning)) return {};
  Translation translation(codes_end);
  for (std::int64_t code = 0; code < codes_end; ++code) {
    const auto meaning = simulated_meaning(role, code);
    auto& written = translation[static_cast<std::size_t>(code)];
    const Code* same = profile::find_code(profile, field, code);
    if (same != nullptr && (!meaning || same->means == meaning)) {
      written = static_cast<double>(code);
    } else if (meaning) {
      written = code_for(profile, field, *meaning);
    }
  }
  return translation;
}

Translation code_to_bit(const SameState& state) {
  Translation translation(codes_end);
  for (std::int64_t code = 0; code < codes_end; ++code) {
    if (const auto meaning = simulated_meaning(state.code, code))
      translation[static_cast<std::size_t>(code)] = settled(*meaning) == state.set ? 1 : 0;
  }
  return translation;
}

Translation bit_to_code(const Profile& profile, const Field& field, const SameState& state) {
  return {state.clear ? code_for(profile, field, *state.clear) : std::nullopt,
          code_for(profile, field, state.set)};
}

class Search {
 public:
  Search(const Profile& profile, std::span<const std::string_view> quantities)
      : profile_(profile), quantities_(quantities) {}

  std::vector<FieldSource> run() {
    for (std::size_t field = 0; field < profile_.fields.size(); ++field) {
      if (add_of_same_kind(field)) continue;
      if (profile_.fields[field].role) add_of_other_kind(field, *profile_.fields[field].role);
    }
    return std::move(sources_);
  }

 private:
  bool add_of_same_kind(std::size_t index) {
    const Field& field = profile_.fields[index];
    for (std::size_t quantity = 0; quantity < quantities_.size(); ++quantity) {
      const auto role = role_of(quantities_[quantity]);
      const bool has_role = field.role && role == field.role;
      if (!has_role && quantities_[quantity] != field.name) continue;
      const bool is_code = has_role && profile::row_of(*role).kind == RoleKind::code;
      sources_.push_back({index, quantity, is_code ? code_to_code(profile_, field, *role) : Translation{}});
      return true;
    }
    return false;
  }

  void add_of_other_kind(std::size_t index, Role wanted) {
    for (std::size_t quantity = 0; quantity < quantities_.size(); ++quantity) {
      const auto role = role_of(quantities_[quantity]);
      for (const SameState& state : same_states) {
        if (state.code == wanted && state.bit == role) {
          sources_.push_back({index, quantity, bit_to_code(profile_, profile_.fields[index], state)});
        } else if (state.bit == wanted && state.code == role) {
          sources_.push_back({index, quantity, code_to_bit(state)});
        }
      }
    }
  }

  const Profile& profile_;
  std::span<const std::string_view> quantities_;
  std::vector<FieldSource> sources_;
};

}  // namespace

std::vector<FieldSource> sources_of(const Profile& profile, std::span<const std::string_view> quantities) {
  return Search{profile, quantities}.run();
}

}  // namespace gensetd::simulator
