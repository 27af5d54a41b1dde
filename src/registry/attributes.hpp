#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gensetd::registry {

// Attributes for display only: polling does not use them.

// One mains block of a site: the switchboard between mains and busbar, and the gensets on that busbar.
struct MainsBlock {
  std::optional<std::int64_t> mains_device;
  std::vector<std::int64_t> gensets;
  bool operator==(const MainsBlock&) const = default;
};

struct Topology {
  std::vector<MainsBlock> blocks;
  std::vector<std::int64_t> devices() const;  // of all blocks
  bool operator==(const Topology&) const = default;
};

// The normal range of a value; one limit may be missing.
struct Band {
  std::optional<double> low;
  std::optional<double> high;
  bool operator==(const Band&) const = default;
};

using Bands = std::map<std::string, Band>;  // by field of the profile

// The JSON form in requests and exports. Empty on failure; then `allowed` describes the allowed form.
std::optional<Topology> parse_topology(const boost::json::value& value, std::string& allowed);
std::optional<Bands> parse_bands(const boost::json::value& value, std::string& allowed);

std::string print_topology(const Topology& topology);
std::string print_bands(const Bands& bands);

}  // namespace gensetd::registry
