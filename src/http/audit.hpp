#pragma once

#include "registry/service.hpp"

#include <string>
#include <string_view>

namespace gensetd::http {

// A change of the registry as the log tells it. A row is the JSON of the API; before: empty for a new one,
// after: empty for a removed one.
struct RegistryChange {
  std::string_view kind;  // "site" or "device"
  std::string before;
  std::string after;
  registry::Service::Certainty certainty = registry::Service::Certainty::stored;
};

// Who changed what from where, on one line, with the old and the new value of each field that changed:
// audit: API_TOKEN from 10.0.0.5:51234 changed device 3: port 502 -> 503
// Of a change whose answer of the database was lost it says what was found out about it.
// Values are JSON, so that no text of a client can end the line. Empty when nothing changed.
std::string audit_line(std::string_view who, std::string_view from, const RegistryChange& change);

}  // namespace gensetd::http
