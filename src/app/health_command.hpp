#pragma once

#include <iosfwd>
#include <string>

namespace gensetd::app {

struct HealthOptions {
  std::string url;  // empty: the daemon of this machine, by HTTP_LISTEN and TLS_CERT
  std::string ca;   // a PEM file, or empty for the authorities of the system, or for TLS_CERT
};

// `gensetd health`: asks a running daemon how it is and prints its answer; what is wrong goes to `errors`.
// Exit status: 0 it works, 1 it does not (or does not answer within five seconds), 2 the URL or the file
// cannot be used.
int health_command(const HealthOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace gensetd::app
