#include "app/scan_verdict.hpp"

#include "link/error.hpp"
#include "modbus/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

namespace gensetd::app {
namespace {

using profile::Field;
using profile::NoData;
using profile::Profile;
using profile::Type;

// Of a power system that runs, governors and meters included.
constexpr double frequency_min = 40;
constexpr double frequency_max = 70;

// The controllers' supply (SmartGen: DC 8 to 35 V): whoever answers has one.
constexpr double battery_min = 8;
constexpr double battery_max = 36;

constexpr std::size_t reasons_max = 4;  // in a line

struct Evidence {
  int points = 0;  // below zero: against the map
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

// Zero is what an empty register reads: it speaks neither way.
std::optional<Evidence> of_code(const Profile& profile, const Field& field, std::int64_t value) {
  for (const profile::CodeTable& table : profile.code_tables) {
    if (table.name != field.codes) continue;
    const auto code = std::ranges::find(table.codes, value, &profile::Code::value);
    if (code == table.codes.end()) return Evidence{-2, shown(field, value) + " is no known code"};
    if (value == 0) return std::nullopt;
    return Evidence{1, fmt::format("{} ({})", shown(field, value), code->label.en)};
  }
  return std::nullopt;
}

std::optional<Evidence> of_range(const Field& field, std::int64_t value, double least, double most,
                                 const char* what) {
  if (value == 0) return std::nullopt;
  const double number = number_of(field, value);
  if (number >= least && number <= most) return Evidence{3, shown(field, value)};
  return Evidence{-3, fmt::format("{} is no {}", shown(field, value), what)};
}

// A 16-bit value that is missing though its register holds no marker: it is outside of its limits.
std::optional<Evidence> of_limits(const Field& field, const poller::ReadResult& read) {
  if (field.type != Type::u16 && field.type != Type::i16) return std::nullopt;
  const auto raw = read.registers.find(field.address);
  if (raw == read.registers.end()) return std::nullopt;
  const bool is_marker = field.no_data == NoData::from_32000 && raw->second >= 32'000 &&
                         (field.type == Type::u16 || raw->second < 32'768);
  if (is_marker) return std::nullopt;
  return Evidence{-1,
                  fmt::format("{} is out of its limits ({} = {})", field.name, field.address, raw->second)};
}

std::optional<Evidence> evidence_of(const Profile& profile, const Field& field, const profile::Value& value,
                                    const poller::ReadResult& read) {
  if (!value) return of_limits(field, read);
  if (!field.codes.empty()) return of_code(profile, field, *value);
  // Signed ones are differences.
  if (field.unit == "Hz" && field.type == Type::u16)
    return of_range(field, *value, frequency_min, frequency_max, "frequency of a power system");
  if (field.unit == "V" && field.name.starts_with("battery"))
    return of_range(field, *value, battery_min, battery_max, "battery");
  return std::nullopt;
}

Sureness sureness_of(int points_for, int points_against) {
  if (points_against >= points_for && points_against > 0) return Sureness::unlikely;
  if (points_against > 0 || points_for < 3) return Sureness::possible;
  return Sureness::likely;
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

Heard heard_of(const poller::ReadResult& read) {
  if (read.error.empty()) return Heard::registers;
  if (!read.failure) return Heard::silence;
  const auto& error = read.failure->error;
  if (error == modbus::Error::exception_answer) {
    // Gateway path unavailable, gateway target device failed to respond (V1.1b3, 7).
    const bool is_gateways = read.failure->exception == 0x0A || read.failure->exception == 0x0B;
    return is_gateways ? Heard::no_unit : Heard::refusal;
  }
  if (error == modbus::Error::foreign_answer) return Heard::foreign;
  if (error == modbus::Error::wrong_protocol) return Heard::other_protocol;
  if (error == link::Error::no_answer || error == link::Error::connection_lost) return Heard::silence;
  if (error == link::Error::name_not_found || error == link::Error::connect_timeout ||
      error == link::Error::connect_failed || error == link::Error::loopback_not_allowed ||
      error == link::Error::address_not_allowed)
    return Heard::nobody;
  return Heard::noise;
}

bool is_proof_of_protocol(Heard heard) {
  return heard == Heard::registers || heard == Heard::refusal || heard == Heard::no_unit;
}

std::string_view to_word(Sureness sureness) {
  switch (sureness) {
    case Sureness::likely:
      return "likely";
    case Sureness::possible:
      return "possible";
    case Sureness::unlikely:
      return "unlikely";
    case Sureness::none:
      break;
  }
  return "no";
}

Fit judge(const Profile& profile, const poller::ReadResult& read) {
  Fit fit{.profile = profile.name};
  if (!read.error.empty() || !read.refused.empty()) {
    fit.why = read.error.empty()
                  ? fmt::format("{} of {} blocks are refused, the first is {}", read.refused.size(),
                                profile.blocks.size(), profile.blocks[read.refused.front().block].name)
                  : read.error;
    return fit;
  }
  std::vector<std::string> pro;
  std::vector<std::string> contra;
  for (std::size_t index = 0; index < profile.fields.size(); ++index) {
    auto evidence = evidence_of(profile, profile.fields[index], read.values[index], read);
    if (!evidence) continue;
    if (evidence->points > 0) {
      fit.points_for += evidence->points;
      append_reason(pro, std::move(evidence->text));
    } else {
      fit.points_against -= evidence->points;
      append_reason(contra, std::move(evidence->text));
    }
  }
  fit.sureness = sureness_of(fit.points_for, fit.points_against);
  fit.why = fmt::format("all {} blocks answer", profile.blocks.size());
  if (!pro.empty()) fit.why += ": " + joined(pro);
  if (!contra.empty()) fit.why += "; but " + joined(contra);
  if (pro.empty() && contra.empty()) fit.why += ", but no value tells whether they mean what this map says";
  return fit;
}

void rank(std::vector<Fit>& fits) {
  std::ranges::sort(fits, {}, [](const Fit& fit) {
    return std::tuple{fit.sureness, fit.points_against - fit.points_for, fit.profile};
  });
}

}  // namespace gensetd::app
