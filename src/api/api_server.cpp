#include "api/api_server.hpp"

#include "api/api.hpp"
#include "api/ui_version.hpp"
#include "server/http_server.hpp"
#include "stream/websocket.hpp"

#include <boost/asio/ip/host_name.hpp>

#include <utility>

namespace gensetd::api {
namespace {

namespace asio = boost::asio;

// Empty when the machine has no name; requests by its addresses are accepted nevertheless.
std::string machine_name() {
  boost::system::error_code unknown;
  return asio::ip::host_name(unknown);
}

server::AccessPolicy access_of(const ApiOptions& options) {
  return {.api_token = options.api_token,
          .read_token = options.read_token,
          .allowed_origins = options.allowed_origins,
          .own_names = server::OwnHostNames(machine_name(), options.allowed_origins)};
}

server::ListenOptions listen_options_of(const ApiOptions& options) {
  return {.address = options.address, .port = options.port, .tls = options.tls, .limits = options.limits};
}

std::shared_ptr<stream::DashboardContext> dashboard_context(const ApiServices& services) {
  const auto is_known = [&hub = services.hub, &registry = services.registry](std::int64_t device_id) {
    return registry.directory().devices.contains(device_id) || hub.newest(device_id) != nullptr;
  };
  return std::shared_ptr<stream::DashboardContext>(new stream::DashboardContext{
      .hub = services.hub,
      .notices = services.notices,
      .is_known = is_known,
      .alarms_after =
          [&events = services.events](const std::optional<events::AlarmPosition>& position) {
            return events.open_alarms(position);
          },
      .epoch = services.epoch,
      .ui_version = ui_version(),
      .poll_interval = services.poll_interval});
}

std::shared_ptr<stream::WebSocketContext> websocket_context(asio::io_context& context,
                                                            const ApiServices& services) {
  return std::shared_ptr<stream::WebSocketContext>(new stream::WebSocketContext{
      .dashboards = dashboard_context(services), .wake_list = std::make_shared<stream::WakeList>(context)});
}

}  // namespace

class ApiServer::Implementation {
 public:
  Implementation(asio::io_context& context, const ApiOptions& options, ApiServices services)
      : http_server(context, listen_options_of(options), services.connections_possible) {
    auto websockets = websocket_context(context, services);
    http_server.serve(std::make_shared<Api>(std::move(services), access_of(options), options.web_dir,
                                            std::move(websockets), http_server));
  }

  server::HttpServer http_server;
};

ApiServer::ApiServer(asio::io_context& context, const ApiOptions& options, ApiServices services)
    : implementation_(std::make_unique<Implementation>(context, options, std::move(services))) {}

ApiServer::~ApiServer() = default;

void ApiServer::start() { implementation_->http_server.start(); }

std::uint16_t ApiServer::port() const { return implementation_->http_server.port(); }

std::string ApiServer::problem() const { return implementation_->http_server.problem(); }

void ApiServer::reload_tls() { implementation_->http_server.reload_tls(); }

asio::awaitable<void> ApiServer::stop(std::chrono::milliseconds timeout) {
  return implementation_->http_server.stop(timeout);
}

}  // namespace gensetd::api
