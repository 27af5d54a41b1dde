#include "http/prometheus.hpp"

#include <fmt/format.h>

#include <map>
#include <string_view>

namespace gensetd::http {
namespace {

using reading::Facts;

// Label values escape backslash, quote and line feed (Prometheus, exposition formats).
std::string label_value(std::string_view text) {
  std::string out;
  for (const char character : text) {
    if (character == '\\' || character == '"') out += '\\';
    if (character == '\n') {
      out += "\\n";
    } else {
      out += character;
    }
  }
  return out;
}

std::string labels(const Facts& facts) {
  return fmt::format(R"({{device_id="{}",site="{}",device_type="{}"}})", facts.identity.device_id,
                     label_value(facts.identity.site_code), label_value(facts.identity.device_type));
}

// The samples of one metric stand together under its TYPE.
struct Family {
  std::string help;
  std::string samples;
};

void add_values(const Facts& facts, std::map<std::string, Family>& families) {
  const std::string who = labels(facts);
  for (std::size_t index = 0; index < facts.values.size(); ++index) {
    if (!facts.values[index]) continue;
    const profile::Field& field = facts.profile->fields[index];
    Family& family = families["gensetd_" + field.name];
    if (family.help.empty()) family.help = field.label.en + (field.unit.empty() ? "" : " in " + field.unit);
    family.samples += "gensetd_" + field.name + who + " ";
    if (field.type == profile::Type::bit) {
      family.samples += *facts.values[index] != 0 ? "1" : "0";
    } else {
      reading::append_value(family.samples, field, facts.values[index]);
    }
    family.samples += '\n';
  }
}

}  // namespace

std::string print_readings(const std::vector<reading::ReadingPtr>& readings) {
  std::map<std::string, Family> families;
  families["gensetd_device_online"].help = "Whether the device answers";
  families["gensetd_device_last_seen_timestamp_seconds"].help = "When the device was last read";
  for (const auto& reading : readings) {
    if (!reading->facts) continue;
    const Facts& facts = *reading->facts;
    const std::string who = labels(facts);
    families["gensetd_device_online"].samples +=
        fmt::format("gensetd_device_online{} {}\n", who, facts.online ? 1 : 0);
    if (facts.last_seen) {
      families["gensetd_device_last_seen_timestamp_seconds"].samples +=
          fmt::format("gensetd_device_last_seen_timestamp_seconds{} {:.3f}\n", who,
                      static_cast<double>(facts.last_seen->time_since_epoch().count()) / 1000.0);
    }
    if (facts.online) add_values(facts, families);
  }
  std::string text;
  for (const auto& [name, family] : families) {
    if (!family.samples.empty())
      text += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n{2}", name, family.help, family.samples);
  }
  return text;
}

}  // namespace gensetd::http
