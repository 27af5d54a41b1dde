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
std::optional<std::string> normal_ipv4(std::string_view text) {
  std::string copy{text};
  in_addr address{};
  if (inet_pton(AF_INET, copy.c_str(), &address) != 1) return std::nullopt;
  return copy;  // this form is unique
}

std::optional<std::string> normal_ipv6(std::string_view text) {
  in6_addr address{};
  if (inet_pton(AF_INET6, std::string{text}.c_str(), &address) != 1) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> printed{};
  const bool is_ipv4 = IN6_IS_ADDR_V4MAPPED(&address);
  inet_ntop(is_ipv4 ? AF_INET : AF_INET6, is_ipv4 ? static_cast<const void*>(&address.s6_addr[12]) : &address,
            printed.data(), printed.size());
  return std::string{printed.data()};
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > label_length_max) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(label,
                             [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
}

// getaddrinfo(3) reads "127.1" and "0x7f000001" as addresses, so a host name must not end in such a label.
bool is_number(std::string_view label) {
  if (std::ranges::all_of(label, is_digit)) return true;
  const bool prefixed = label.size() >= 2 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X');
  return prefixed && std::ranges::all_of(label.substr(2), is_hex_digit);
}

bool is_host_name(std::string_view text) {
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) return !is_number(label);
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

std::optional<std::string> normal_address(std::string_view text) {
  if (text.empty() || text.size() > name_length_max || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  if (text.find(':') != std::string_view::npos) return normal_ipv6(text);
  if (std::ranges::all_of(text, [](char c) { return is_digit(c) || c == '.'; })) return normal_ipv4(text);
  if (text.ends_with('.')) text.remove_suffix(1);  // a fully qualified name
  if (!is_host_name(text)) return std::nullopt;
  std::string name{text};
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name;
}

}  // namespace gensetd::registry
