#pragma once

#include "app/read_options.hpp"
#include "http/server.hpp"

#include <string>

namespace gensetd::app {

// What was read, as `gensetd read` prints it: a table, raw registers, or one line of JSON.
std::string read_report(const ReadJob& job, const http::ReadNowResult& read);

}  // namespace gensetd::app
