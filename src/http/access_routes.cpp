#include "http/api.hpp"

namespace gensetd::http {

// Nobody comes so far: a role is one that may read.
boost::asio::awaitable<Answer> Api::get_access(const Request& request, std::string) {
  refuse_query(request.query);
  const bool changes = access_.role_of(request) == Role::administrator;
  co_return Answer{.body = changes ? R"({"role":"administrator"})" : R"({"role":"reader"})"};
}

}  // namespace gensetd::http
