#include "poller/scan_evaluation.hpp"

#include "link/error.hpp"
#include "modbus/error.hpp"
#include "profile/roles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

namespace gensetd::poller {
namespace {

using profile::Field;
using profile::NoData;
using profile::Profile;
using profile::Type;

// Hz, of a running power system, with the tolerance of governors and meters.
constexpr double frequency_min = 40;
constexpr double frequency_max = 70;

// V, the supply of the controllers (SmartGen: DC 8 to 35 V). A controller that responds has one.
constexpr double battery_min = 8;
constexpr double battery_max = 36;

constexpr std::size_t reasons_max = 4;  // per line

struct Evidence {
  int points = 0;  // negative: contradicts the register map
  std::string text;
};

std::string shown(const Field& field, const profile::Value& value) {
  std::string text = field.name + ' ';
  reading::append_value(text, field, value);
  return field.unit.empty() ? text : text + ' ' + field.unit;
}

double number_of(const Field& field, std::int64_t value) {
  return static_cast<double>(value) / std::pow(10.0, field.decimals);
}

// Empty registers also read as zero, so zero is no evidence.
std::optional<Evidence> of_code(const Profile& profile, const Field& field, std::int64_t value) {
  const profile::Code* code = profile::find_code(profile, field, value);
  if (code == nullptr) return Evidence{-2, shown(field, value) + " is not a known code"};
  if (value == 0) return std::nullopt;
  return Evidence{1, fmt::format("{} ({})", shown(field, value), code->label.en)};
}

std::optional<Evidence> of_range(const Field& field, std::int64_t value, double least, double most,
                                 const char* what) {
  if (value == 0) return std::nullopt;
  const double number = number_of(field, value);
  if (number >= least && number <= most) return Evidence{3, shown(field, value)};
  return Evidence{-3, fmt::format("{} is not a {}", shown(field, value), what)};
}

// A plain 16-bit value that is missing although its register holds no marker: it is outside its limits.
std::optional<Evidence> of_limits(const Field& field, const ReadResult& read) {
  if (field.number || (field.type != Type::u16 && field.type != Type::i16)) return std::nullopt;
  const auto raw = read.registers.find({field.table, field.address});
  if (raw == read.registers.end()) return std::nullopt;
  const bool is_marker = field.no_data == NoData::from_32000 && raw->second >= 32'000 &&
                         (field.type == Type::u16 || raw->second < 32'768);
  if (is_marker) return std::nullopt;
  return Evidence{-1,
                  fmt::format("{} is outside its limits ({} = {})", field.name, field.address, raw->second)};
}

// Signed frequencies without a role are differences.
bool is_frequency(const Field& field) {
  if (!field.role) return field.unit == "Hz" && field.type == Type::u16;
  return field.role == profile::named_role("generator.frequency") ||
         field.role == profile::named_role("mains.frequency") ||
         field.role == profile::named_role("busbar.frequency");
}

std::optional<Evidence> evidence_of(const Profile& profile, const Field& field, const profile::Value& value,
                                    const ReadResult& read) {
  if (!value) return of_limits(field, read);
  if (!field.codes.empty()) return of_code(profile, field, *value);
  if (is_frequency(field))
    return of_range(field, *value, frequency_min, frequency_max, "frequency of a power system");
  if (field.role == profile::named_role("battery.voltage"))
    return of_range(field, *value, battery_min, battery_max, "battery voltage");
  return std::nullopt;
}

MatchConfidence confidence_of(int supporting_points, int contradicting_points) {
  if (contradicting_points >= supporting_points && contradicting_points > 0) return MatchConfidence::unlikely;
  if (contradicting_points > 0 || supporting_points < 3) return MatchConfidence::possible;
  return MatchConfidence::likely;
}

void append_reason(std::vector<std::string>& reasons, std::string text) {
  if (reasons.size() < reasons_max) {
    reasons.push_back(std::move(text));
  } else if (reasons.size() == reasons_max) {
    reasons.emplace_back("\u2026");
  }
}

std::string joined(const std::vector<std::string>& reasons) {
  return fmt::format("{}", fmt::join(reasons, ", "));
}

}  // namespace

ProbeOutcome outcome_of(const ReadResult& read) {
  if (read.error.empty()) return ProbeOutcome::registers;
  if (!read.failure) return ProbeOutcome::no_response;
  const auto& error = read.failure->error;
  if (error == modbus::ResponseError::exception_response) {
    // Gateway path unavailable, gateway target device failed to respond (V1.1b3, 7).
    const bool is_from_gateway = read.failure->exception == 0x0A || read.failure->exception == 0x0B;
    return is_from_gateway ? ProbeOutcome::unit_unavailable : ProbeOutcome::exception;
  }
  if (error == modbus::ResponseError::foreign_response) return ProbeOutcome::foreign_frames;
  if (error == modbus::ResponseError::wrong_protocol) return ProbeOutcome::other_protocol;
  if (error == link::Error::no_response || error == link::Error::connection_lost)
    return ProbeOutcome::no_response;
  if (error == link::Error::name_not_found || error == link::Error::connect_timeout ||
      error == link::Error::connect_failed || error == link::Error::loopback_not_allowed ||
      error == link::Error::address_not_allowed)
    return ProbeOutcome::no_connection;
  return ProbeOutcome::invalid_bytes;
}

bool proves_protocol(ProbeOutcome outcome) {
  return outcome == ProbeOutcome::registers || outcome == ProbeOutcome::exception ||
         outcome == ProbeOutcome::unit_unavailable;
}

std::string_view to_word(MatchConfidence confidence) {
  switch (confidence) {
    case MatchConfidence::likely:
      return "likely";
    case MatchConfidence::possible:
      return "possible";
    case MatchConfidence::unlikely:
      return "unlikely";
    case MatchConfidence::no_match:
      break;
  }
  return "no";
}

std::ptrdiff_t always_read_blocks(const Profile& profile) {
  return std::ranges::count_if(profile.blocks,
                               [](const profile::Block& block) { return block.is_always_read(); });
}

// Why the map does not match, when blocks are refused that each cycle reads. Empty: none is.
std::string refused_blocks(const Profile& profile, const std::vector<RefusedBlock>& refused) {
  const auto is_always_read = [&](const RefusedBlock& entry) {
    return profile.blocks[entry.block].is_always_read();
  };
  const auto first = std::ranges::find_if(refused, is_always_read);
  if (first == refused.end()) return {};
  return fmt::format("{} of {} blocks are refused, the first is {}",
                     std::ranges::count_if(refused, is_always_read), always_read_blocks(profile),
                     profile.blocks[first->block].name);
}

ProfileMatch match_profile(const Profile& profile, const ReadResult& read) {
  ProfileMatch match{.profile = profile.name};
  match.why = read.error.empty() ? refused_blocks(profile, read.missing.refused) : read.error;
  if (!match.why.empty()) return match;
  std::vector<std::string> pro;
  std::vector<std::string> contra;
  for (std::size_t index = 0; index < profile.fields.size(); ++index) {
    auto evidence = evidence_of(profile, profile.fields[index], read.values[index], read);
    if (!evidence) continue;
    if (evidence->points > 0) {
      match.supporting_points += evidence->points;
      append_reason(pro, std::move(evidence->text));
    } else {
      match.contradicting_points -= evidence->points;
      append_reason(contra, std::move(evidence->text));
    }
  }
  match.confidence = confidence_of(match.supporting_points, match.contradicting_points);
  match.why = fmt::format("all {} blocks answer", always_read_blocks(profile));
  if (!pro.empty()) match.why += ": " + joined(pro);
  if (!contra.empty()) match.why += "; but " + joined(contra);
  if (pro.empty() && contra.empty()) match.why += ", but no value shows whether they mean what this map says";
  return match;
}

ProfileMatch match_without_values(const Profile& profile, const profile::Identity& identity) {
  const bool is_other = identity.verdict == profile::IdentityVerdict::mismatch;
  return {.profile = profile.name,
          .confidence = is_other ? MatchConfidence::unlikely : MatchConfidence::no_match,
          .why = identity.reason,
          .by_identity = true};
}

void confirm_by_identity(ProfileMatch& match, const profile::Identity& identity) {
  const bool is_read = match.confidence != MatchConfidence::no_match;
  match.confidence = MatchConfidence::likely;
  match.why = fmt::format("{}; {}{}", identity.reason, is_read ? "" : "but ", match.why);
  match.by_identity = true;
}

void add_firmware(ProfileMatch& match, std::string firmware) {
  if (match.confidence == MatchConfidence::no_match) return;
  match.why += "; firmware " + firmware;
  match.firmware = std::move(firmware);
}

void sort_matches(std::vector<ProfileMatch>& matches) {
  std::ranges::sort(matches, {}, [](const ProfileMatch& match) {
    // Among maps that do not fit, those of another model come last.
    const bool is_later = match.by_identity != (match.confidence == MatchConfidence::likely);
    return std::tuple{match.confidence, is_later, match.contradicting_points - match.supporting_points,
                      match.profile};
  });
}

}  // namespace gensetd::poller
