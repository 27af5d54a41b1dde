#pragma once

#include "registry/service.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gensetd::api {

// A change of the registry, for the log. `before` and `after` are the row as JSON of the API; `before` is
// empty for a new row, `after` for a removed one.
struct RegistryChange {
  std::string_view kind;  // "site" or "device"
  std::string before;
  std::string after;
  registry::Service::ChangeOutcome outcome = registry::Service::ChangeOutcome::stored;
};

// One line that names the setting of the token, the client, the row, and the old and new value of each
// changed field:
//
//     audit: API_TOKEN from 10.0.0.5:51234 changed device 3: port 502 -> 503
//
// If the response of the database was lost, the line says whether the change was stored. Values are JSON, so
// a client's text cannot end the line. Empty when nothing changed.
std::string audit_line(std::string_view who, std::string_view from, const RegistryChange& change);

// The same for a stored profile: "audit: API_TOKEN from 10.0.0.5:41000 changed profile pump: 1200 -> 1350
// bytes".
std::string profile_audit_line(std::string_view who, std::string_view from,
                               const std::optional<registry::StoredProfile>& before,
                               const std::optional<registry::StoredProfile>& after,
                               registry::Service::ChangeOutcome outcome);

}  // namespace gensetd::api
