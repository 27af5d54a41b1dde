#pragma once

#include <soci/soci.h>

#include <string>

namespace gensetd::registry {

// Executes `sql` once with what it binds: soci::use() and soci::into(). Returns whether a row was fetched.
// The session's stream operator must not be used: it executes in a destructor, so that an exception while its
// parts are put together, and another one in that destructor, would end the process. Two failed allocations
// do that.
template <class... Bound>
bool execute(soci::session& session, const std::string& sql, const Bound&... bound) {
  soci::statement statement(session);
  (statement.exchange(bound), ...);
  statement.alloc();
  statement.prepare(sql, soci::details::st_one_time_query);
  statement.define_and_bind();
  return statement.execute(true);
}

}  // namespace gensetd::registry
