#pragma once

#include "api/api_services.hpp"
#include "commands/read_options.hpp"

#include <string>

namespace gensetd::commands {

// The output of `gensetd read`: a table, raw registers, or one line of JSON.
std::string read_report(const ReadJob& job, const api::ReadNowResult& read);

}  // namespace gensetd::commands
