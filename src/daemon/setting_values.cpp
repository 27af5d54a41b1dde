#include "daemon/setting_values.hpp"

#include "daemon/settings_table.hpp"
#include "text/host_port.hpp"
#include "text/list.hpp"
#include "text/number.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <system_error>

namespace gensetd::daemon {
namespace {

using std::string_view;

constexpr std::size_t redis_prefix_length_max = 64;

bool is_printable_word(string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

bool is_origin(string_view text) {
  for (const string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    const string_view host = text.substr(scheme.size());
    return !host.empty() && host.find_first_of("/?#@ \t,*\"\\") == string_view::npos;
  }
  return false;
}

}  // namespace

std::string allowed_seconds(const Setting& setting) {
  return fmt::format("a number of seconds from {} to {}", setting.range.least, setting.range.most);
}

std::string allowed_whole(const Setting& setting) {
  return fmt::format("a whole number from {} to {}", setting.range.least, setting.range.most);
}

std::string allowed_flag(const Setting&) { return "1 or 0 or true or false"; }

std::string allowed_text(const Setting& setting) {
  return setting.value == "URL" ? "a URL" : "a " + key_of(setting.value);
}

std::string allowed_token(const Setting&) {
  return "letters, digits and punctuation of ASCII, without spaces";
}

std::string allowed_listen(const Setting&) {
  return "address:port, such as 127.0.0.1:8010 or [::1]:8010, with port 0 for any free one";
}

std::string allowed_origins(const Setting&) {
  return "origins separated by commas, such as https://panel.example.com,http://10.0.0.5:3000";
}

std::string allowed_redis_prefix(const Setting&) {
  return fmt::format("at most {} letters, digits and punctuation of ASCII, without spaces, such as site1:",
                     redis_prefix_length_max);
}

std::string allowed_web_directory(const Setting&) { return "a readable directory that contains index.html"; }

bool parse_seconds(string_view text, registry::Range range, std::chrono::milliseconds& into) {
  const auto value = text::parse_number(text, range.least, range.most);
  if (!value) return false;
  into = std::chrono::milliseconds{std::llround(*value * 1000.0)};
  return true;
}

std::string show_seconds(std::chrono::milliseconds value) {
  return fmt::format("{}", static_cast<double>(value.count()) / 1'000);
}

bool parse_flag(string_view text, bool& into) {
  const bool is_yes = text == "1" || text == "true";
  if (!is_yes && text != "0" && text != "false") return false;
  into = is_yes;
  return true;
}

// A word that a header can contain (RFC 9110, 5.6.2 and 11.2); clients cannot send other tokens.
bool parse_token(string_view text, std::string& into) {
  if (!is_printable_word(text)) return false;
  into = text;
  return true;
}

bool parse_listen(string_view text, Settings& into) {
  const auto colon = text.rfind(':');
  if (colon == string_view::npos) return false;
  string_view address = text.substr(0, colon);
  const bool bracketed = address.starts_with('[') && address.ends_with(']');
  if (bracketed) address = address.substr(1, address.size() - 2);
  boost::system::error_code failed;
  const auto parsed = boost::asio::ip::make_address(std::string{address}, failed);
  if (failed || parsed.is_v6() != bracketed) return false;
  std::int64_t port = 0;
  if (!parse_whole(text.substr(colon + 1), {0, 65'535}, 1, port)) return false;
  into.http_address = std::string{address};
  into.http_port = static_cast<std::uint16_t>(port);
  return true;
}

std::string show_listen(const Settings& settings) {
  return text::print_host_port(settings.http_address, settings.http_port);
}

bool parse_origins(string_view text, std::vector<std::string>& into) {
  std::vector<std::string> origins;
  for (const string_view entry : text::split_list(text)) {
    const string_view origin = text::trimmed(entry);
    if (text.empty()) break;
    if (!is_origin(origin)) return false;
    origins.emplace_back(origin);
  }
  into = std::move(origins);
  return true;
}

std::string show_origins(const Settings& settings) {
  return fmt::format("{}", fmt::join(settings.allowed_origins, ","));
}

// Only characters that are safe in command lines and log lines.
bool parse_redis_prefix(string_view text, std::string& into) {
  if (text.size() > redis_prefix_length_max || !is_printable_word(text)) return false;
  into = text;
  return true;
}

bool parse_web_directory(string_view text, std::filesystem::path& into) {
  std::error_code failed;
  if (!text.empty() && !std::filesystem::is_regular_file(std::filesystem::path{text} / "index.html", failed))
    return false;
  into = text;
  return true;
}

}  // namespace gensetd::daemon
