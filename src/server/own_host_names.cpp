#include "server/own_host_names.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <utility>

namespace gensetd::server {
namespace {

// The host of "host:port" or "[IPv6]:port", in lower case.
std::string name_of(std::string_view host) {
  if (host.starts_with('[')) {
    const auto close = host.find(']');
    host = close == std::string_view::npos ? std::string_view{} : host.substr(1, close - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  std::string name{host};
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return name;
}

bool is_address(const std::string& name) {
  boost::system::error_code failed;
  boost::asio::ip::make_address(name, failed);
  return !failed;
}

}  // namespace

OwnHostNames::OwnHostNames(std::string_view machine, const std::vector<std::string>& origins) {
  const std::string full = name_of(machine);
  add(full.substr(0, full.find('.')));
  add(full);
  for (const std::string_view origin : origins) {
    const auto scheme_end = origin.find("://");
    if (scheme_end != std::string_view::npos) add(name_of(origin.substr(scheme_end + 3)));
  }
}

bool OwnHostNames::contains(std::string_view host) const {
  const std::string name = name_of(host);
  return names_.contains(name) || is_address(name);
}

void OwnHostNames::add(std::string name) {
  if (!name.empty()) names_.insert(std::move(name));
}

}  // namespace gensetd::server
