#pragma once

#include "api/api_services.hpp"
#include "commands/read_options.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gensetd::commands {

// A response that does not match the daemon's API. what() says why in a few words.
struct InvalidResponse : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The body of POST /api/devices/read for this job.
std::string read_body(const ReadJob& job);

// The register map in a response to GET /api/profiles/{name}, as far as a table needs it. The daemon may have
// other register maps than this program. Throws InvalidResponse.
profile::ProfilePtr profile_from(std::string_view json);

// The result in a response to POST /api/devices/read; `profile` is null for a range of raw registers. Throws
// InvalidResponse.
api::ReadNowResult read_now_from(std::string_view json, const profile::ProfilePtr& profile);

// The message of an error response; empty when it is not one.
std::string error_message(std::string_view json);

}  // namespace gensetd::commands
