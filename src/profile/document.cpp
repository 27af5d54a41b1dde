#include "profile/document.hpp"

#include "profile/profile_error.hpp"
#include "profile/toml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gensetd::profile {
namespace {

TomlNode node_of(const toml::node& from);

TomlTable table_of(const toml::table& from) {
  std::vector<std::pair<toml::source_position, TomlMember>> found;
  for (const auto& [key, value] : from) {
    const toml::source_position position = key.source().begin;
    found.emplace_back(position, TomlMember{std::string(key.str()), position.line, node_of(value)});
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  TomlTable table;
  for (auto& [position, member] : found) table.members.push_back(std::move(member));
  return table;
}

TomlNode node_of(const toml::node& from) {
  TomlNode node{std::max(1U, static_cast<unsigned>(from.source().begin.line)), UnsupportedValue{}};
  if (const auto* table = from.as_table()) {
    node.value = table_of(*table);
  } else if (const auto* array = from.as_array()) {
    TomlList list;
    for (const toml::node& element : *array) list.push_back(node_of(element));
    node.value = std::move(list);
  } else if (const auto* text = from.as_string()) {
    node.value = text->get();
  } else if (const auto* number = from.as_integer()) {
    node.value = number->get();
  } else if (const auto* boolean = from.as_boolean()) {
    node.value = boolean->get();
  } else if (const auto* fraction = from.as_floating_point()) {
    node.value = UnsupportedValue{fmt::format("{:#}", fraction->get())};
  }
  return node;
}

}  // namespace

TomlNode parse_document(std::string_view text, std::string_view file) {
  try {
    return node_of(toml::parse(text, file));
  } catch (const toml::parse_error& error) {
    refuse({file, error.source().begin.line}, fmt::format("not TOML: {}", why_refused(error)));
  }
}

}  // namespace gensetd::profile
