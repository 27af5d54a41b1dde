#include "registry/attributes.hpp"

#include "reading/reading.hpp"
#include "text/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <cmath>
#include <set>
#include <string_view>
#include <utility>

namespace gensetd::registry {
namespace {

namespace json = boost::json;

constexpr std::size_t blocks_max = 16;
constexpr std::size_t gensets_max = 64;  // of one block
constexpr std::size_t bands_max = 256;
constexpr double magnitude_max = 1e9;

bool has_only(const json::object& object, std::initializer_list<std::string_view> keys) {
  for (const auto& member : object) {
    bool known = false;
    for (const std::string_view key : keys)
      known = known || member.key() == json::string_view(key.data(), key.size());
    if (!known) return false;
  }
  return true;
}

std::optional<std::int64_t> id_of(const json::value& value) {
  if (!value.is_int64() || value.get_int64() < 1) return std::nullopt;
  return value.get_int64();
}

std::optional<MainsBlock> block_of(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr || !has_only(*object, {"mains_device", "gensets"})) return std::nullopt;
  MainsBlock block;
  const json::value* mains = object->if_contains("mains_device");
  if (mains != nullptr && !mains->is_null()) {
    block.mains_device = id_of(*mains);
    if (!block.mains_device) return std::nullopt;
  }
  const json::value* list = object->if_contains("gensets");
  const json::array* gensets = list == nullptr ? nullptr : list->if_array();
  if (gensets == nullptr || gensets->size() > gensets_max) return std::nullopt;
  for (const json::value& entry : *gensets) {
    const auto id = id_of(entry);
    if (!id) return std::nullopt;
    block.gensets.push_back(*id);
  }
  return block;
}

std::optional<Topology> topology_of(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr || !has_only(*object, {"blocks"})) return std::nullopt;
  const json::value* list = object->if_contains("blocks");
  const json::array* blocks = list == nullptr ? nullptr : list->if_array();
  if (blocks == nullptr || blocks->empty() || blocks->size() > blocks_max) return std::nullopt;
  Topology topology;
  for (const json::value& entry : *blocks) {
    auto block = block_of(entry);
    if (!block) return std::nullopt;
    topology.blocks.push_back(std::move(*block));
  }
  const auto devices = topology.devices();
  if (std::set<std::int64_t>(devices.begin(), devices.end()).size() != devices.size()) return std::nullopt;
  return topology;
}

// Empty when it is not a number, or too large to display.
std::optional<double> number_of(const json::value& value) {
  double number = std::nan("");
  if (value.is_int64()) number = static_cast<double>(value.get_int64());
  if (value.is_double()) number = value.get_double();
  if (!(std::abs(number) <= magnitude_max)) return std::nullopt;
  return number;
}

std::optional<Band> band_of(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr || object->empty() || !has_only(*object, {"low", "high"})) return std::nullopt;
  Band band;
  for (auto [key, end] : {std::pair{"low", &band.low}, {"high", &band.high}}) {
    const json::value* given = object->if_contains(key);
    if (given == nullptr) continue;
    *end = number_of(*given);
    if (!*end) return std::nullopt;
  }
  if (band.low && band.high && *band.low >= *band.high) return std::nullopt;
  return band;
}

std::optional<Bands> bands_of(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr || object->size() > bands_max) return std::nullopt;
  Bands bands;
  for (const auto& member : *object) {
    const auto band = band_of(member.value());
    if (!band) return std::nullopt;
    bands.emplace(std::string{member.key().data(), member.key().size()}, *band);
  }
  return bands;
}

}  // namespace

std::vector<std::int64_t> Topology::devices() const {
  std::vector<std::int64_t> ids;
  for (const MainsBlock& block : blocks) {
    if (block.mains_device) ids.push_back(*block.mains_device);
    ids.insert(ids.end(), block.gensets.begin(), block.gensets.end());
  }
  return ids;
}

std::optional<Topology> parse_topology(const json::value& value, std::string& allowed) {
  auto topology = topology_of(value);
  if (!topology)
    allowed = fmt::format(
        R"(null, or {{"blocks":[{{"mains_device":ID or null,"gensets":[ID,…]}},…]}} with 1 to {} blocks of at most {} )"
        "gensets and no device twice",
        blocks_max, gensets_max);
  return topology;
}

std::optional<Bands> parse_bands(const json::value& value, std::string& allowed) {
  auto bands = bands_of(value);
  if (!bands)
    allowed =
        R"(null, or {"FIELD":{"low":NUMBER,"high":NUMBER},…} with one of both or both, and low below high)";
  return bands;
}

std::string print_topology(const Topology& topology) {
  std::string text = R"({"blocks":[)";
  for (const MainsBlock& block : topology.blocks) {
    if (text.back() == '}') text += ',';
    text += fmt::format(R"({{"mains_device":{},"gensets":[{}]}})",
                        block.mains_device ? std::to_string(*block.mains_device) : "null",
                        fmt::join(block.gensets, ","));
  }
  return text + "]}";
}

std::string print_bands(const Bands& bands) {
  std::string text = "{";
  for (const auto& [field, band] : bands) {
    if (text.size() > 1) text += ',';
    text::append_json_string(text, field);
    text += ":{";
    if (band.low) text += fmt::format(R"("low":{})", *band.low);
    if (band.low && band.high) text += ',';
    if (band.high) text += fmt::format(R"("high":{})", *band.high);
    text += '}';
  }
  return text + '}';
}

}  // namespace gensetd::registry
