#pragma once

#include "commands/daemon_url.hpp"

#include <string>

namespace gensetd::commands {

// The daemon of this machine, according to the environment.
struct LocalDaemon {
  DaemonUrl url;
  std::string certificate;  // TLS_CERT, or empty
};

// From HTTP_LISTEN and TLS_CERT; a loopback address when it listens on all addresses. Throws SettingsError.
LocalDaemon local_daemon();

}  // namespace gensetd::commands
