#include "http/connections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace gensetd::http {
namespace {

namespace ip = boost::asio::ip;

// Whose connection counts as whose: an IPv4 address, also when it came in as ::ffff:10.0.0.5, or the /64 of
// an IPv6 one, which a single machine has all of.
ip::address client_of(const ip::address& from) {
  if (!from.is_v6()) return from;
  const ip::address_v6 v6 = from.to_v6();
  if (v6.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, v6);
  if (v6.is_loopback()) return from;
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return ip::address_v6(bytes);
}

// Where a reverse proxy of this machine comes from, with everybody behind it, and the machine's own programs.
bool is_uncounted(const ip::address& client) {
  return client == ip::address_v4::loopback() || client == ip::address_v6::loopback();
}

}  // namespace

std::string shown(const ip::tcp::endpoint& endpoint) {
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", endpoint.address().to_string(), endpoint.port())
                                    : fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
}

Connections::Place::Place(Connections& all, Connection& connection, const ip::address& from, Purpose purpose)
    : all_(all), connection_(connection), client_(client_of(from)), purpose_(purpose) {
  all_.all_.insert(&connection_);
  if (purpose_ == Purpose::refusal) {
    ++all_.refusals_;
    ++all_.refused_;
    return;
  }
  ++all_.by_client_[client_];
  if (purpose_ == Purpose::websocket) ++all_.websockets_;
}

Connections::Place::~Place() {
  all_.all_.erase(&connection_);
  if (purpose_ == Purpose::refusal) {
    --all_.refusals_;
  } else {
    const auto place = all_.by_client_.find(client_);
    if (--place->second == 0) all_.by_client_.erase(place);
    if (purpose_ == Purpose::websocket) --all_.websockets_;
  }
  if (all_.all_.empty()) all_.ended_.cancel();
}

bool Connections::has_room_for_refusal() const {
  return refusals_ < refusals_max && (!possible_ || all_.size() < possible_());
}

Room Connections::room(const ip::address& from) const {
  const std::size_t served = all_.size() - refusals_;
  if (served >= limits_.connections) return Room::full;
  if (possible_ && served + possible_refusals >= possible_()) return Room::full;
  const ip::address client = client_of(from);
  if (is_uncounted(client)) return Room::free;
  const auto place = by_client_.find(client);
  const bool full = place != by_client_.end() && place->second >= limits_.connections_per_address;
  return full ? Room::full_for_address : Room::free;
}

// A connection may end while it is told.
template <class Do>
void Connections::for_each(Do act) {
  const std::vector<Connection*> now(all_.begin(), all_.end());
  for (Connection* connection : now) {
    if (all_.contains(connection)) act(*connection);
  }
}

void Connections::finish_all() {
  finishing_ = true;
  for_each([](Connection& connection) { connection.finish(); });
}

void Connections::abort_all() {
  finishing_ = true;
  for_each([](Connection& connection) { connection.abort(); });
}

void Connections::check_all(std::chrono::steady_clock::time_point now) {
  for_each([now](Connection& connection) { connection.check(now); });
}

}  // namespace gensetd::http
