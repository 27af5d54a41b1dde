#pragma once

#include "app/daemon_url.hpp"

#include <string>

namespace gensetd::app {

// The daemon that would serve with this environment, on this machine.
struct OwnDaemon {
  DaemonUrl url;
  std::string certificate;  // TLS_CERT, or empty
};

// By HTTP_LISTEN and TLS_CERT; on a loopback address where it listens on all. Throws SettingsError.
OwnDaemon own_daemon();

}  // namespace gensetd::app
