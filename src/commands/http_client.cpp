#include "commands/http_client.hpp"

#include "poller/describe.hpp"
#include "server/transport.hpp"
#include "supervision/use_tuple.hpp"
#include "text/host_port.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>

#include <utility>

namespace gensetd::commands {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

using supervision::use_tuple;
constexpr std::uint64_t body_bytes_max = 1'048'576;

http::request<http::string_body> message_of(const DaemonUrl& url, DaemonRequest request) {
  http::request<http::string_body> message{request.post ? http::verb::post : http::verb::get,
                                           url.path + request.path, 11};
  message.set(http::field::host, text::print_host_port(url.host, url.port));
  message.set(http::field::user_agent, "gensetd");
  message.keep_alive(false);
  if (!request.token.empty()) message.set(http::field::authorization, "Bearer " + request.token);
  if (request.post) message.set(http::field::content_type, "application/json");
  message.body() = std::move(request.body);
  message.prepare_payload();
  return message;
}

DaemonResponse failure(const DaemonUrl& url, const beast::error_code& failed,
                       std::chrono::milliseconds time) {
  if (failed == beast::error::timeout)
    return {.error = fmt::format("{}: no answer within {} s", to_text(url), time.count() / 1000)};
  if (failed == asio::error::connection_refused)
    return {.error = fmt::format("{}: connection refused; is `gensetd serve` running there?", to_text(url))};
  if (failed.category() == http::make_error_code(http::error::bad_version).category())
    return {.error =
                fmt::format("{}: the server there does not speak HTTP ({})", to_text(url), failed.message())};
  return {.error = fmt::format("{}: {}", to_text(url), failed.message())};
}

}  // namespace

asio::awaitable<DaemonResponse> send_request(DaemonUrl url, TlsContext tls, DaemonRequest request,
                                             std::chrono::milliseconds time) {
  const auto executor = co_await asio::this_coro::executor;
  asio::ip::tcp::resolver resolver(executor);
  const std::string port = std::to_string(url.port);
  const auto [not_found, endpoints] = co_await resolver.async_resolve(url.host, port, use_tuple);
  if (not_found)
    co_return DaemonResponse{
        .error = fmt::format("{}: the host name has no address ({})", to_text(url), not_found.message())};

  const auto deadline = std::chrono::steady_clock::now() + time;
  beast::tcp_stream plain(executor);
  plain.expires_at(deadline);
  const auto [not_connected, endpoint] = co_await plain.async_connect(endpoints, use_tuple);
  if (not_connected) co_return failure(url, not_connected, time);

  gensetd::server::Transport stream = url.tls ? gensetd::server::Transport(plain.release_socket(), *tls)
                                              : gensetd::server::Transport(plain.release_socket());
  stream.next_layer().expires_at(deadline);
  if (url.tls) {
    expect_certificate_of(url, stream.tls());
    const auto not_agreed = co_await stream.handshake(asio::ssl::stream_base::client);
    if (not_agreed == beast::error::timeout) co_return failure(url, not_agreed, time);
    if (not_agreed)
      co_return DaemonResponse{.error = to_text(url) + ": " + handshake_failure(stream.tls(), not_agreed)};
  }

  const auto message = message_of(url, std::move(request));
  const auto [not_written, written] = co_await http::async_write(stream, message, use_tuple);
  if (not_written) co_return failure(url, not_written, time);

  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(body_bytes_max);
  const auto [not_read, length] = co_await http::async_read(stream, buffer, parser, use_tuple);
  if (not_read) co_return failure(url, not_read, time);
  co_return DaemonResponse{.status = parser.get().result_int(), .body = std::move(parser.get().body())};
}

}  // namespace gensetd::commands
