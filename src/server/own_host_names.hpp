#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gensetd::server {

// The host names by which browsers reach this daemon. A page of another site can make its own name resolve to
// this machine after it was loaded (DNS rebinding). It then has the same origin as the API, but the Host
// header still contains the foreign name. An IP address cannot be redirected, so any address is accepted.
class OwnHostNames {
 public:
  OwnHostNames() = default;

  // `machine`: the machine's host name; its first label is also accepted. `origins`: URLs such as
  // "https://panel.example:444"; their hosts are accepted.
  OwnHostNames(std::string_view machine, const std::vector<std::string>& origins);

  // Whether the value of a Host header, "localhost:8010", is an address or one of the names, with any port.
  bool contains(std::string_view host) const;

 private:
  void add(std::string name);

  std::set<std::string, std::less<>> names_{"localhost"};  // in lower case
};

}  // namespace gensetd::server
