#pragma once

#include "registry/types.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gensetd::registry {

// One value of a row as the database holds it, whatever its column should hold.
struct Cell {
  enum class Kind : std::uint8_t { null, value, blob, too_long };
  Kind kind = Kind::null;
  std::string text;  // of a value, also of a number or a flag
};

// A column of a table: what its values mean, and up to how many bytes of them are read.
struct Column {
  enum class Content : std::uint8_t { text, number, flag, json, time };
  std::string_view name;
  Content content = Content::text;
};

std::size_t bytes_max(Column::Content content);

// All columns but the id.
std::span<const Column> site_columns();
std::span<const Column> device_columns();

// The row with the cells of its columns, in their order. By the rules of a request; a cell that breaks them
// is one of the row's `damage`, and its field keeps a default. Rules that depend on register maps are left
// out: a map may be missing for a while. Never throws because of what a cell holds.
Site site_from(std::int64_t id, std::span<const Cell> cells);
Device device_from(std::int64_t id, std::span<const Cell> cells);

}  // namespace gensetd::registry
