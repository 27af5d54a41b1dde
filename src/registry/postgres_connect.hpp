#pragma once

#include <memory>
#include <stop_token>
#include <string>

namespace soci {
class session;
}

namespace gensetd::registry {

// Opens a session with a PostgreSQL server, within ten seconds in total. libpq's own limit applies to each
// address of a host name and ends before the first statement, which SOCI sends: a server that accepts the
// connection and then sends nothing would block for ever. So the attempt runs on its own thread. After ten
// seconds it continues there, and the next call of the same thread with the same `connection_string` waits
// for it again, so there is at most one attempt. Throws std::exception when there is no session in time, and
// at once at a stop request.
std::unique_ptr<soci::session> connect_postgres(const std::string& connection_string,
                                                const std::stop_token& stop);

// Whether an abandoned attempt is still running. Then exit(3) must not be called: it would destroy libpq
// while the attempt uses it. Any thread.
bool is_connecting_to_postgres();

}  // namespace gensetd::registry
