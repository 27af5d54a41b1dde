#pragma once

#include "app/read_options.hpp"
#include "http/server.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gensetd::app {

// An answer of the daemon that is none of its API; what() says what was wrong in a few words.
struct BadAnswer : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The body of POST /api/devices/read for this job.
std::string read_body(const ReadJob& job);

// The register map that GET /api/profiles/{name} answers, as far as a table needs it: the daemon may have
// others than this program. Throws BadAnswer.
profile::ProfilePtr profile_from(std::string_view json);

// What POST /api/devices/read answers; `profile` is null when a range was asked. Throws BadAnswer.
http::ReadNowResult read_now_from(std::string_view json, const profile::ProfilePtr& profile);

// The message of an error answer; empty when it is none.
std::string error_message(std::string_view json);

}  // namespace gensetd::app
