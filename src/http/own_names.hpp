#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::http {

// The names by which browsers reach a daemon. A page of a foreign name may have that name lead to this
// machine once it is loaded (DNS rebinding); it is then of the same origin as the API, but the Host header
// still has the foreign name. An address cannot be made to lead elsewhere, so any address is good.
class OwnNames {
 public:
  OwnNames() = default;

  // `machine` is its host name, also known by its first label; of each origin, "https://panel.example:444",
  // the host counts.
  OwnNames(std::string_view machine, const std::vector<std::string>& origins);

  // Whether a Host header, "localhost:8010", is an address or one of the names, with any port.
  bool cover(std::string_view host) const;

 private:
  void add(std::string name);

  std::set<std::string, std::less<>> names_{"localhost"};  // in small letters
};

}  // namespace gensetd::http
