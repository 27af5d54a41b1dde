#pragma once

#include <iosfwd>
#include <string>

namespace gensetd::commands {

struct HealthOptions {
  std::string url;  // empty: the daemon of this machine, by HTTP_LISTEN and TLS_CERT
  std::string ca;   // a PEM file; empty: the system's authorities, or TLS_CERT of the local daemon
};

// `gensetd health`: requests /health of a running daemon and prints it. Errors go to `errors`. Exit status: 0
// healthy, 1 not healthy or no response within five seconds, 2 invalid URL or file.
int health_command(const HealthOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace gensetd::commands
