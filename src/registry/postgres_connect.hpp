#pragma once

#include <memory>
#include <stop_token>
#include <string>

namespace soci {
class session;
}

namespace gensetd::registry {

// Opens a session with a PostgreSQL server, within ten seconds in all. libpq's own limit is for each address
// of a host's name, and is over before the first statement, which SOCI sends: a server that lets one in and
// then says nothing would be waited for without end. So the attempt runs on a thread of its own. One that is
// not over in time goes on there, and the calling thread's next call with the same `connection_string` waits
// for that one: there is never more than one. Throws std::exception when there is no session in time, and at
// once when `stop` is asked for.
std::unique_ptr<soci::session> connect_postgres(const std::string& connection_string,
                                                const std::stop_token& stop);

// Whether an attempt that nobody waits for any more goes on. A program that ends by exit(3) then takes libpq
// and what it uses apart under it. Any thread.
bool is_connecting_to_postgres();

}  // namespace gensetd::registry
