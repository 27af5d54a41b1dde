#include "registry/address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <string>

namespace gensetd::registry {
namespace {

constexpr std::size_t name_length_max = 253;  // RFC 1035, in text form
constexpr std::size_t label_length_max = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// inet_pton: exactly four decimal parts, no leading zeros (inet_pton(3)).
template <int family>
bool is_literal(std::string_view text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(family, std::string{text}.c_str(), bytes.data()) == 1;
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > label_length_max) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(label,
                             [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
}

// getaddrinfo(3) reads "127.1" and "0x7f000001" as addresses: a name never ends in such a part.
bool is_number(std::string_view label) {
  if (std::ranges::all_of(label, is_digit)) return true;
  const bool prefixed = label.size() >= 2 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X');
  return prefixed && std::ranges::all_of(label.substr(2), is_hex_digit);
}

bool is_host_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);  // a fully qualified name
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) return !is_number(label);
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

bool is_address(std::string_view text) {
  if (text.empty() || text.size() > name_length_max || text.find('\0') != std::string_view::npos)
    return false;
  if (text.find(':') != std::string_view::npos) return is_literal<AF_INET6>(text);
  if (std::ranges::all_of(text, [](char c) { return is_digit(c) || c == '.'; })) {
    return is_literal<AF_INET>(text);
  }
  return is_host_name(text);
}

}  // namespace gensetd::registry
