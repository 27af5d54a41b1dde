#pragma once

#include "http/access.hpp"
#include "http/figures.hpp"
#include "http/message.hpp"
#include "http/page.hpp"
#include "http/query.hpp"
#include "http/server.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gensetd::http {

// Every route but the WebSocket's stream: requests in, answers out, no sockets. One thread.
class Api {
 public:
  // web_dir: where the dashboard is served from; empty: what is built in.
  Api(Services services, Access access, const Connections& connections, std::filesystem::path web_dir);

  // `request` lives until the answer is there. Never throws for what is in a request.
  boost::asio::awaitable<Answer> answer(const Request& request);

  // Whether this upgrade to the WebSocket is granted, or the answer that refuses it.
  std::variant<UpgradeWish, Answer> admit_websocket(const Request& request) const;

  // What is served beside the WebSocket and the files of web/, as the description has to have it.
  struct RouteName {
    std::string_view method;   // "get", "post", "patch", "delete"
    std::string_view pattern;  // "/api/sites/{}"
    bool open;                 // needs no token
  };
  static std::vector<RouteName> route_names();

  // The value of the Allow header for a path of the table, "GET, HEAD, POST, OPTIONS"; empty when no route
  // has this path.
  static std::string allowed_methods(std::string_view path);

  const Services& services() const { return services_; }
  Figures& figures() { return figures_; }

 private:
  struct Route;
  using Handler = boost::asio::awaitable<Answer> (Api::*)(const Request& request, std::string variable);
  static const Route routes[];

  // The routes of one path, and the text that stands at their {}.
  struct Match {
    std::vector<const Route*> routes;
    std::string variable;
  };
  static Match match(std::string_view path);
  static std::string allowed_methods(const Match& found);

  boost::asio::awaitable<Answer> dispatch(const Request& request);
  std::optional<Answer> refuse_access(const Request& request, const Route& route) const;
  Answer preflight(const Request& request) const;
  Answer answer_other_method(const Request& request, std::string allowed) const;

  boost::asio::awaitable<Answer> list_sites(const Request&, std::string);
  boost::asio::awaitable<Answer> get_site(const Request&, std::string);
  boost::asio::awaitable<Answer> create_site(const Request&, std::string);
  boost::asio::awaitable<Answer> update_site(const Request&, std::string);
  boost::asio::awaitable<Answer> remove_site(const Request&, std::string);
  boost::asio::awaitable<Answer> list_devices(const Request&, std::string);
  boost::asio::awaitable<Answer> get_device(const Request&, std::string);
  boost::asio::awaitable<Answer> create_device(const Request&, std::string);
  boost::asio::awaitable<Answer> update_device(const Request&, std::string);
  boost::asio::awaitable<Answer> remove_device(const Request&, std::string);
  boost::asio::awaitable<Answer> get_diagnostics(const Request&, std::string);
  boost::asio::awaitable<Answer> test_connection(const Request&, std::string);
  boost::asio::awaitable<Answer> read_device(const Request&, std::string);
  boost::asio::awaitable<Answer> list_profiles(const Request&, std::string);
  boost::asio::awaitable<Answer> get_profile(const Request&, std::string);
  boost::asio::awaitable<Answer> list_events(const Request&, std::string);
  boost::asio::awaitable<Answer> acknowledge_event(const Request&, std::string);
  boost::asio::awaitable<Answer> list_alarms(const Request&, std::string);
  boost::asio::awaitable<Answer> list_event_codes(const Request&, std::string);
  boost::asio::awaitable<Answer> get_access(const Request&, std::string);
  boost::asio::awaitable<Answer> get_history(const Request&, std::string);
  boost::asio::awaitable<Answer> get_metrics(const Request&, std::string);
  boost::asio::awaitable<Answer> get_health(const Request&, std::string);
  boost::asio::awaitable<Answer> get_prometheus(const Request&, std::string);
  boost::asio::awaitable<Answer> get_openapi(const Request&, std::string);
  boost::asio::awaitable<Answer> get_docs(const Request&, std::string);
  static Answer file_answer(std::string_view name);  // of web/

  Services services_;
  Access access_;
  const Connections& connections_;
  Figures figures_;
  Page page_;
  int reads_under_way_ = 0;    // of read_device() and test_connection()
  int scrapes_under_way_ = 0;  // of get_prometheus() with all devices
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace gensetd::http
