#include "profile/stored_profiles.hpp"

#include "profile/document.hpp"
#include "profile/profile_reader.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <utility>

namespace gensetd::profile {
namespace {

// A stored file that is not read yet, because the profile that it extends must be read first.
struct WaitingText {
  std::string_view text;
  std::string extends;
  unsigned extends_line = 0;
};

using Waiting = std::map<std::string, WaitingText, std::less<>>;

ProfileHeader header_of(std::string_view name, std::string_view text) {
  ProfileHeader header = read_header(parse_document(text, name), name);
  if (header.name != name)
    refuse({name, header.name_line},
           fmt::format("name = {}: must be the name under which the profile is stored, \"{}\"",
                       in_quotes(header.name), name));
  return header;
}

Waiting waiting_of(const Catalog& base, const ProfileTexts& texts, StoredProfiles& stored) {
  Waiting waiting;
  for (const auto& [name, text] : texts) {
    if (base.find(name)) {
      stored.unusable[name] =
          fmt::format("profile {} is built in, or in a file of PROFILES, which is used instead", name);
      continue;
    }
    try {
      ProfileHeader header = header_of(name, text);
      waiting[name] = {text, std::move(header.extends), header.extends_line};
    } catch (const ProfileError& error) {
      stored.unusable[name] = error.what();
    }
  }
  return waiting;
}

StoredProfiles::Entry read_entry(const Catalog& catalog, const std::string& name, const WaitingText& waiting,
                                 const StoredProfiles& before) {
  StoredProfiles::Entry entry{std::string{waiting.text}, catalog.find(waiting.extends), nullptr};
  const auto known = before.entries.find(name);
  if (known != before.entries.end() && known->second.text == entry.text && known->second.base == entry.base)
    entry.profile = known->second.profile;
  else
    entry.profile = catalog.parse(entry.text, name);
  return entry;
}

// What happens to a file whose base does not exist, so far.
enum class UnknownBase : std::uint8_t { postpone, report };

// Reads each file whose base is not waiting itself, until there is none.
void read_waiting(Waiting& waiting, const StoredProfiles& before, UnknownBase unknown_base,
                  StoredProfiles& stored) {
  const auto is_ready = [&](const WaitingText& file) {
    if (waiting.contains(file.extends)) return false;
    return unknown_base == UnknownBase::report || file.extends.empty() || stored.catalog.find(file.extends);
  };
  for (auto next = waiting.begin(); next != waiting.end();) {
    if (!is_ready(next->second)) {
      ++next;
      continue;
    }
    const std::string name = next->first;
    try {
      StoredProfiles::Entry entry = read_entry(stored.catalog, name, next->second, before);
      stored.catalog.add(entry.profile, Origin::database);
      stored.entries.emplace(name, std::move(entry));
    } catch (const ProfileError& error) {
      stored.unusable[name] = error.what();
      const std::string& extends = next->second.extends;
      const bool extends_built_in =
          stored.catalog.find(extends) && stored.catalog.origin_of(extends) == Origin::built_in;
      if (!extends.empty() && !extends_built_in) stored.unusable_derived.insert(name);
    }
    waiting.erase(next);
    next = waiting.begin();  // others may have waited for it
  }
}

}  // namespace

StoredProfiles with_stored(const Catalog& base, const ProfileTexts& texts, const StoredProfiles& before) {
  StoredProfiles stored{.catalog = base};
  Waiting waiting = waiting_of(base, texts, stored);
  read_waiting(waiting, before, UnknownBase::postpone, stored);
  read_waiting(waiting, before, UnknownBase::report, stored);
  for (const auto& [name, stuck] : waiting)
    stored.unusable[name] = fmt::format(
        "{}:{}: profile {} extends {}, which leads back to itself: the chain must end at a profile without "
        "extends",
        name, stuck.extends_line, name, stuck.extends);
  return stored;
}

}  // namespace gensetd::profile
