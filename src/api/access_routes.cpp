#include "api/api.hpp"
#include "server/query_parameters.hpp"

namespace gensetd::api {

using server::HttpRequest;
using server::HttpResponse;

// Requests without a role never get here.
boost::asio::awaitable<HttpResponse> Api::get_access(const HttpRequest& request, std::string) {
  server::require_no_query(request.query);
  const bool is_administrator = access_.role_of(request) == server::Role::administrator;
  co_return HttpResponse{.body = is_administrator ? R"({"role":"administrator"})" : R"({"role":"reader"})"};
}

}  // namespace gensetd::api
