#include "commands/read_options.hpp"

#include "commands/file_contents.hpp"
#include "profile/words.hpp"
#include "registry/address.hpp"
#include "registry/ranges.hpp"
#include "registry/types.hpp"
#include "text/host_port.hpp"
#include "text/number.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace gensetd::commands {
namespace {

using std::chrono::milliseconds;

profile::ProfilePtr profile_of(const std::string& name, const std::string& profiles_directory) {
  const auto catalog = catalog_with(profiles_directory);
  if (auto found = catalog.find(name)) return found;
  if (!std::filesystem::is_regular_file(name))
    throw BadOption(
        fmt::format("--profile: '{}' is neither a profile nor a file; `gensetd profiles` lists them", name));
  return catalog.parse(read_file(name), name);
}

milliseconds checked_seconds(std::string_view option, double seconds, registry::Range range) {
  if (!range.contains(seconds))
    throw BadOption(fmt::format("{}: {} is out of range; give {} to {} seconds", option, seconds, range.least,
                                range.most));
  return milliseconds{std::llround(seconds * 1000)};
}

modbus::ReadRequest checked_range(const std::string& text) {
  const auto range = parse_raw_range(text);
  if (!range)
    throw BadOption(fmt::format(
        "--raw: '{}' is not a range; give [TABLE/]ADDR:COUNT, with a count of 1 to 125 registers, "
        "or 1 to 2000 bits of the tables coils and discrete",
        text));
  return *range;
}

// `protocol` is empty when only the daemon knows it.
std::uint8_t checked_unit(int unit_id, std::optional<modbus::Protocol> protocol) {
  const bool serial = protocol == modbus::Protocol::rtu_over_tcp;
  if (unit_id < (serial ? 1 : 0) || unit_id > (serial ? 247 : 255))
    throw BadOption(fmt::format("--unit: {} is out of range; {} takes {}", unit_id,
                                profile::to_word(protocol.value_or(modbus::Protocol::tcp)),
                                serial ? "1 to 247" : "0 to 255"));
  return static_cast<std::uint8_t>(unit_id);
}

// The token is sent in a header, so only characters of header fields are allowed (RFC 9110, 5.5).
std::string checked_token(const std::string& token) {
  const bool is_good = std::ranges::all_of(token, [](char c) { return c > ' ' && c < 0x7F; });
  if (!is_good) throw BadOption("--token: a token consists of ASCII characters without spaces");
  return token;
}

// The characters of profile names; none of them needs encoding in a path.
bool is_profile_name(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

void add_daemon(ReadJob& job, const ReadOptions& options) {
  if (options.timeout_seconds)
    throw BadOption("--timeout: not with --via; the daemon waits for its own MODBUS_TIMEOUT");
  if (!options.profiles_directory.empty())
    throw BadOption("--profiles: not with --via; the daemon uses its own register maps (PROFILES)");
  if (!is_profile_name(job.profile_name))
    throw BadOption("--profile: with --via give the name of a register map that the daemon has, not a file");
  const auto url = parse_daemon_url(options.via);
  if (const auto* why = std::get_if<std::string>(&url)) throw BadOption("--via: " + *why);
  job.via = std::get<DaemonUrl>(url);
  job.tls = make_tls_context(*job.via, options.ca);
  job.token = checked_token(options.token);
}

}  // namespace

ReadJob job_of(const ReadOptions& options) {
  ReadJob job;
  const auto where = parse_host_and_port(options.address);
  if (!where)
    throw BadOption(
        fmt::format("'{}' is not an address; give HOST, HOST:PORT or [IPV6]:PORT", options.address));
  job.address = {.host = where->first, .port = where->second};
  job.profile_name = options.profile.empty()
                         ? std::string{profile::default_profile(profile::DeviceType::generator)}
                         : options.profile;
  if (!options.protocol.empty()) job.protocol_given = checked_protocol(options.protocol);
  auto protocol = job.protocol_given;
  if (!options.via.empty()) {
    add_daemon(job, options);
  } else {
    if (!options.ca.empty()) throw BadOption("--ca: only with --via, for the certificate of that gensetd");
    job.profile = profile_of(job.profile_name, options.profiles_directory);
    job.timeout = checked_timeout(options.timeout_seconds.value_or(2.0));
    protocol = protocol.value_or(job.profile->protocol);
    job.address.protocol = *protocol;
  }
  job.address.unit_id = checked_unit(options.unit_id, protocol);
  job.interval = checked_seconds("--interval", options.interval_seconds, registry::poll_interval_seconds);
  if (!options.raw.empty()) job.range = checked_range(options.raw);
  job.watch = options.watch;
  job.json = options.json;
  job.registers = options.registers;
  return job;
}

std::optional<std::pair<std::string, std::uint16_t>> parse_host_and_port(std::string_view text) {
  std::string_view host = text;
  std::string_view port = "502";
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && !rest.starts_with(':')) return std::nullopt;
    if (!rest.empty()) port = rest.substr(1);
    if (host.find(':') == std::string_view::npos) return std::nullopt;
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos && colon == text.rfind(':')) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  const auto parsed = text::parse_port(port);
  auto address = registry::normal_address(host);
  if (!parsed || !address) return std::nullopt;
  return std::pair{*std::move(address), *parsed};
}

std::optional<modbus::ReadRequest> parse_raw_range(std::string_view text) {
  const auto slash = text.find('/');
  const auto table = slash == std::string_view::npos ? std::optional{modbus::Function::holding_registers}
                                                     : profile::table_from(text.substr(0, slash));
  if (!table) return std::nullopt;
  if (slash != std::string_view::npos) text.remove_prefix(slash + 1);
  const auto colon = text.find(':');
  const auto first = text::parse_number<std::uint16_t>(text.substr(0, colon));
  const auto count =
      colon == std::string_view::npos
          ? std::optional<std::uint16_t>{1}
          : text::parse_number<std::uint16_t>(text.substr(colon + 1), 1, modbus::count_max(*table));
  if (!first || !count || *first + *count > 65'536) return std::nullopt;
  return modbus::ReadRequest{.function = *table, .first = *first, .count = *count};
}

milliseconds checked_timeout(double seconds) {
  return checked_seconds("--timeout", seconds, registry::modbus_timeout_seconds);
}

modbus::Protocol checked_protocol(std::string_view word) {
  const auto protocol = profile::protocol_from(word);
  if (!protocol) throw BadOption(fmt::format("--protocol: '{}' is neither tcp nor rtu_over_tcp", word));
  return *protocol;
}

profile::Catalog catalog_with(const std::string& profiles_directory) {
  return profiles_directory.empty() ? profile::Catalog::built_in()
                                    : profile::Catalog::with_directory(profiles_directory);
}

}  // namespace gensetd::commands
