#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gensetd::registry {

// What a page needs to draw a site or to judge a value; polling knows nothing of it.

// One mains block of a site: the switchboard between mains and busbar, and the gensets on that busbar.
struct MainsBlock {
  std::optional<std::int64_t> mains_device;
  std::vector<std::int64_t> gensets;
  bool operator==(const MainsBlock&) const = default;
};

struct Topology {
  std::vector<MainsBlock> blocks;
  std::vector<std::int64_t> devices() const;  // all that it names
  bool operator==(const Topology&) const = default;
};

// The band of a value that is normal; one end may be open.
struct Band {
  std::optional<double> low;
  std::optional<double> high;
  bool operator==(const Band&) const = default;
};

using Bands = std::map<std::string, Band>;  // by field of the profile

// As requests and exports have them. On failure empty, and `allowed` says what may stand there.
std::optional<Topology> parse_topology(const boost::json::value& value, std::string& allowed);
std::optional<Bands> parse_bands(const boost::json::value& value, std::string& allowed);

std::string print_topology(const Topology& topology);
std::string print_bands(const Bands& bands);

}  // namespace gensetd::registry
