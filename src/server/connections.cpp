#include "server/connections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace gensetd::server {
namespace {

namespace ip = boost::asio::ip;

// The address under which connections are counted: an IPv4 address, also when it arrives as ::ffff:10.0.0.5,
// or the /64 network of an IPv6 address, because one machine usually owns all of it.
ip::address client_of(const ip::address& from) {
  if (!from.is_v6()) return from;
  const ip::address_v6 v6 = from.to_v6();
  if (v6.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, v6);
  if (v6.is_loopback()) return from;
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return ip::address_v6(bytes);
}

// Loopback has no limit: it is used by reverse proxies on this machine, which connect for all their clients,
// and by local programs.
bool is_uncounted(const ip::address& client) {
  return client == ip::address_v4::loopback() || client == ip::address_v6::loopback();
}

}  // namespace

std::string to_text(const ip::tcp::endpoint& endpoint) {
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", endpoint.address().to_string(), endpoint.port())
                                    : fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
}

Connections::Registration::Registration(Connections& all, ClientConnection& connection,
                                        const ip::address& from, ConnectionPurpose purpose)
    : all_(all), connection_(connection), client_(client_of(from)), purpose_(purpose) {
  all_.all_.insert(&connection_);
  if (purpose_ == ConnectionPurpose::refusal) {
    ++all_.refusals_;
    ++all_.refused_;
    return;
  }
  ++all_.by_client_[client_];
  if (purpose_ == ConnectionPurpose::websocket) ++all_.websockets_;
}

Connections::Registration::~Registration() {
  all_.all_.erase(&connection_);
  if (purpose_ == ConnectionPurpose::refusal) {
    --all_.refusals_;
  } else {
    const auto count = all_.by_client_.find(client_);
    if (--count->second == 0) all_.by_client_.erase(count);
    if (purpose_ == ConnectionPurpose::websocket) --all_.websockets_;
  }
  if (all_.all_.empty()) all_.ended_.cancel();
}

bool Connections::has_capacity_for_refusal() const {
  return refusals_ < refusals_max && (!open_max_ || all_.size() < open_max_());
}

Admission Connections::admission(const ip::address& from) const {
  const std::size_t served = all_.size() - refusals_;
  if (served >= limits_.connections) return Admission::limit_reached;
  if (open_max_ && served + reserved_for_refusals >= open_max_()) return Admission::limit_reached;
  const ip::address client = client_of(from);
  if (is_uncounted(client)) return Admission::accepted;
  const auto count = by_client_.find(client);
  const bool is_full = count != by_client_.end() && count->second >= limits_.connections_per_address;
  return is_full ? Admission::address_limit_reached : Admission::accepted;
}

// A connection may end during the call for another one.
template <class Do>
void Connections::for_each(Do act) {
  const std::vector<ClientConnection*> now(all_.begin(), all_.end());
  for (ClientConnection* connection : now) {
    if (all_.contains(connection)) act(*connection);
  }
}

void Connections::finish_all() {
  finishing_ = true;
  for_each([](ClientConnection& connection) { connection.finish(); });
}

void Connections::abort_all() {
  finishing_ = true;
  for_each([](ClientConnection& connection) { connection.abort(); });
}

void Connections::check_all(std::chrono::steady_clock::time_point now) {
  for_each([now](ClientConnection& connection) { connection.check(now); });
}

}  // namespace gensetd::server
