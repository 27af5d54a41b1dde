#pragma once

#include "api/api_services.hpp"
#include "api/page.hpp"
#include "server/access.hpp"
#include "server/http_server.hpp"
#include "server/message.hpp"
#include "server/request_handler.hpp"
#include "stream/websocket.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gensetd::api {

// All routes: requests in, responses out, without sockets. One thread.
class Api final : public server::RequestHandler {
 public:
  using HttpRequest = server::HttpRequest;
  using HttpResponse = server::HttpResponse;
  using ResponseTask = boost::asio::awaitable<HttpResponse>;

  // web_dir: directory of the dashboard; empty: the built-in one. http_server: its connections and metrics
  // are reported; they outlive this object.
  Api(ApiServices services, server::AccessPolicy access, std::filesystem::path web_dir,
      std::shared_ptr<stream::WebSocketContext> websockets, const server::HttpServer& http_server);

  ResponseTask respond(const HttpRequest& request) override;
  std::size_t body_bytes_max(server::Method method, std::string_view path, std::size_t usual) const override;
  std::variant<server::WebSocketTask, HttpResponse> authorize_upgrade(const HttpRequest& request) override;

  // A row of the route table, as web/openapi.json must describe it. The WebSocket and the files of web/ are
  // not in the table.
  struct RouteName {
    std::string_view method;   // "get", "post", "put", "patch", "delete"
    std::string_view pattern;  // "/api/sites/{}"
    bool open;                 // needs no token
  };
  static std::vector<RouteName> route_names();

  // The value of the Allow header for a path of the table, "GET, HEAD, POST, OPTIONS"; empty when no route
  // has this path.
  static std::string allowed_methods(std::string_view path);

 private:
  struct Route;
  using Handler = ResponseTask (Api::*)(const HttpRequest& request, std::string variable);
  static const Route routes[];

  // The routes of one path, and the text at the {} of their pattern.
  struct Match {
    std::vector<const Route*> routes;
    std::string variable;
  };
  static Match match(std::string_view path);
  static std::string allowed_methods(const Match& found);

  ResponseTask dispatch(const HttpRequest& request);
  std::optional<HttpResponse> refuse_access(const HttpRequest& request, const Route& route) const;
  HttpResponse preflight(const HttpRequest& request) const;
  HttpResponse respond_without_route(const HttpRequest& request, std::string allowed) const;

  // Row: registry::Site or registry::Device. Defined and instantiated in registry_routes.cpp.
  template <class Row>
  ResponseTask get_row(const HttpRequest&, std::string id);
  template <class Row>
  ResponseTask create_row(const HttpRequest&, std::string);
  template <class Row>
  ResponseTask update_row(const HttpRequest&, std::string id);
  template <class Row>
  ResponseTask remove_row(const HttpRequest&, std::string id);

  ResponseTask list_sites(const HttpRequest&, std::string);
  ResponseTask list_devices(const HttpRequest&, std::string);
  ResponseTask get_diagnostics(const HttpRequest&, std::string);
  ResponseTask test_connection(const HttpRequest&, std::string);
  ResponseTask read_device(const HttpRequest&, std::string);
  ResponseTask scan_address(const HttpRequest&, std::string);
  ResponseTask get_points(const HttpRequest&, std::string);
  ResponseTask list_profiles(const HttpRequest&, std::string);
  ResponseTask get_profile(const HttpRequest&, std::string);
  ResponseTask put_profile(const HttpRequest&, std::string name);
  ResponseTask remove_profile(const HttpRequest&, std::string name);
  ResponseTask list_roles(const HttpRequest&, std::string);
  ResponseTask list_events(const HttpRequest&, std::string);
  ResponseTask acknowledge_event(const HttpRequest&, std::string);
  ResponseTask list_alarms(const HttpRequest&, std::string);
  ResponseTask list_event_codes(const HttpRequest&, std::string);
  ResponseTask get_access(const HttpRequest&, std::string);
  ResponseTask get_history(const HttpRequest&, std::string);
  ResponseTask get_metrics(const HttpRequest&, std::string);
  ResponseTask get_health(const HttpRequest&, std::string);
  ResponseTask get_prometheus(const HttpRequest&, std::string);
  ResponseTask get_openapi(const HttpRequest&, std::string);
  ResponseTask get_docs(const HttpRequest&, std::string);
  static HttpResponse file_response(std::string_view name);  // a file of web/

  ApiServices services_;
  server::AccessPolicy access_;
  Page page_;
  std::shared_ptr<stream::WebSocketContext> websockets_;
  const server::Connections& connections_;
  const server::HttpMetrics& http_metrics_;
  int running_reads_ = 0;    // of read_device() and test_connection()
  int running_scans_ = 0;    // of scan_address()
  int running_scrapes_ = 0;  // of get_prometheus() with all devices
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace gensetd::api
