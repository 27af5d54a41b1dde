#include "http/connections.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace gensetd::http {

std::string shown(const boost::asio::ip::tcp::endpoint& endpoint) {
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", endpoint.address().to_string(), endpoint.port())
                                    : fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
}

Connections::Place::Place(Connections& all, Connection& connection, boost::asio::ip::address from,
                          bool websocket)
    : all_(all), connection_(connection), from_(std::move(from)), websocket_(websocket) {
  all_.all_.insert(&connection_);
  ++all_.by_address_[from_];
  if (websocket_) ++all_.websockets_;
}

Connections::Place::~Place() {
  all_.all_.erase(&connection_);
  const auto place = all_.by_address_.find(from_);
  if (--place->second == 0) all_.by_address_.erase(place);
  if (websocket_) --all_.websockets_;
  if (all_.all_.empty()) all_.ended_.cancel();
}

bool Connections::has_room(const boost::asio::ip::address& from) const {
  if (all_.size() >= connections_max) return false;
  if (from.is_loopback()) return true;
  const auto place = by_address_.find(from);
  return place == by_address_.end() || place->second < connections_per_address_max;
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
