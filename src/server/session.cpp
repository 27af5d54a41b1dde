#include "server/session.hpp"

#include "server/read_errors.hpp"
#include "server/request_fields.hpp"
#include "server/response_headers.hpp"
#include "server/upgrade.hpp"
#include "supervision/exceptions.hpp"

#include <boost/url/grammar/ci_string.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

namespace gensetd::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds idle_timeout{60};            // between two requests of a connection
constexpr seconds response_timeout{30};        // until a response, or one piece of a long one, is sent
constexpr seconds long_response_timeout{600};  // until all pieces of a long response are sent
constexpr seconds refusal_timeout{2};          // until a request that is refused has been received

using Parser = http::request_parser<http::string_body>;

Transport transport_on(asio::ip::tcp::socket socket, const ServerContext& context) {
  return context.tls ? Transport(std::move(socket), *context.tls) : Transport(std::move(socket));
}

class HttpSession final : public ClientConnection {
 public:
  HttpSession(Transport transport, std::shared_ptr<ServerContext> context,
              const asio::ip::tcp::endpoint& peer, Admission admission)
      : transport_(std::move(transport)),
        context_(std::move(context)),
        limits_(context_->limits),
        peer_(to_text(peer)),
        refusal_(admission_refusal(admission)),
        registration_(context_->connections, *this, peer.address(),
                      refusal_ ? ConnectionPurpose::refusal : ConnectionPurpose::requests) {}
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  struct AcceptedUpgrade {
    BeastRequest request;
    WebSocketTask task;
  };

  // Serves requests. Returns the upgrade that ended the session; empty when it ended otherwise.
  asio::awaitable<std::optional<AcceptedUpgrade>> run() {
    bool is_open = true;
    if (transport_.is_encrypted()) is_open = co_await handshake();
    while (is_open && !context_->connections.finishing()) {
      std::optional<Parser> parser;
      const bool is_read = co_await read(parser);
      if (!is_read) break;
      if (refusal_) {
        [[maybe_unused]] const bool kept = co_await write(std::move(*refusal_), parser->get(), false);
        break;
      }
      const bool last = ++requests_ >= limits_.requests_per_connection;
      auto target = read_target(target_line_of(parser->get()));
      if (auto* refused = std::get_if<HttpResponse>(&target)) {
        is_open = co_await write(std::move(*refused), parser->get(), !last);
        continue;
      }
      const HttpRequest request = request_of(parser->get(), std::get<RequestTarget>(target), peer_);
      if (beast::websocket::is_upgrade(parser->get())) {
        auto decision = decide_upgrade(request, handshake_of(parser->get(), std::get<RequestTarget>(target)));
        if (auto* task = std::get_if<WebSocketTask>(&decision)) {
          transport_.put_back(buffer_.cdata());  // frames of a client that did not wait for the response
          co_return AcceptedUpgrade{parser->release(), std::move(*task)};
        }
        is_open = co_await write(std::move(std::get<HttpResponse>(decision)), parser->get(), !last);
        continue;
      }
      const auto received_at = steady_clock::now();
      HttpResponse response = co_await context_->handler->respond(request);
      context_->metrics.request_time.note(steady_clock::now() - received_at);
      is_open = co_await write(std::move(response), parser->get(), !last);
    }
    close();
    co_return std::nullopt;
  }

  Transport& transport() { return transport_; }

 private:
  void finish() override {
    if (idle_) close();
  }
  void abort() override { close(); }
  // Used while a request is received, because a response follows: the deadlines of the TCP stream would close
  // the connection without one.
  void check(steady_clock::time_point now) override {
    if (now < deadline_) return;
    late_ = true;
    tcp().cancel();
  }

  beast::tcp_stream& tcp() { return transport_.next_layer(); }

  asio::awaitable<bool> handshake() {
    tcp().expires_after(limits_.request_timeout);
    const auto failed = co_await transport_.handshake(asio::ssl::stream_base::server);
    if (is_plain_http(failed)) {
      const std::string_view text = tls_required_message();
      [[maybe_unused]] const auto [lost, written] =
          co_await asio::async_write(tcp(), asio::buffer(text.data(), text.size()), use_tuple);
    }
    co_return !failed;
  }

  std::variant<WebSocketTask, HttpResponse> decide_upgrade(const HttpRequest& request,
                                                           const Handshake& handshake) {
    auto decision = context_->handler->authorize_upgrade(request);
    if (std::holds_alternative<HttpResponse>(decision)) return decision;
    if (auto refused = handshake_refusal(handshake)) return std::move(*refused);
    if (!context_->connections.has_capacity_for_websocket())
      return retry_after(
          error_response(503, "too_many_clients", "too many WebSocket clients; try again later"), "5");
    return decision;
  }

  // Reads one request. False: the connection has ended; an error response, if there is one, was sent.
  asio::awaitable<bool> read(std::optional<Parser>& parser) {
    if (buffer_.size() == 0) {
      idle_ = true;
      tcp().expires_after(refusal_ ? refusal_timeout : idle_timeout);
      const std::size_t size = std::min<std::size_t>(4'096, limits_.header_bytes);
      const auto [failed, length] = co_await transport_.async_read_some(buffer_.prepare(size), use_tuple);
      idle_ = false;
      if (failed) co_return false;
      buffer_.commit(length);
    }
    tcp().expires_never();
    late_ = false;
    deadline_ = steady_clock::now() + (refusal_ ? refusal_timeout : limits_.request_timeout);
    parser.emplace();
    parser->header_limit(limits_.header_bytes);
    parser->body_limit(boost::none);  // it follows when the target is known
    auto [failed, header_length] = co_await http::async_read_header(transport_, buffer_, *parser, use_tuple);
    ServerLimits limits = limits_;
    if (!failed && (parser->chunked() || parser->content_length().value_or(0) > 0)) {
      limits.body_bytes = body_limit_of(parser->get());
      parser->body_limit(limits.body_bytes);
      if (parser->content_length().value_or(0) > limits.body_bytes) failed = http::error::body_limit;
    }
    if (!failed && !has_unambiguous_framing(parser->get())) {
      [[maybe_unused]] const bool kept = co_await write(ambiguous_framing(), parser->get(), false);
      co_return false;
    }
    // An HTTP/1.0 client does not expect it (RFC 9110, section 10.1.1).
    if (!failed && parser->get().version() >= 11 &&
        boost::urls::grammar::ci_is_equal(parser->get()[http::field::expect], "100-continue")) {
      static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      const auto [lost, written] =
          co_await asio::async_write(transport_, asio::buffer(go_on.data(), go_on.size()), use_tuple);
      if (lost) co_return false;
    }
    if (!failed) {
      const auto [body_failed, body_length] =
          co_await http::async_read(transport_, buffer_, *parser, use_tuple);
      failed = body_failed;
    }
    deadline_ = steady_clock::time_point::max();
    if (!failed) co_return true;
    auto refusal = late_ ? request_too_slow(limits_) : read_error_response(failed, limits);
    if (refusal) {
      [[maybe_unused]] const bool kept = co_await write(std::move(*refusal), parser->get(), false);
    }
    co_return false;
  }

  std::size_t body_limit_of(const BeastRequest& request) const {
    const auto target = read_target(target_line_of(request));
    const auto* read = std::get_if<RequestTarget>(&target);
    if (read == nullptr) return limits_.body_bytes;
    return context_->handler->body_bytes_max(method_of(request), read->path, limits_.body_bytes);
  }

  // Sends a response to `request`. Returns whether the connection stays open. After the last response it
  // reads the remaining input before closing, see linger().
  asio::awaitable<bool> write(HttpResponse response, const BeastRequest& request, bool may_keep_alive) {
    const bool is_long = response.rest != nullptr;
    // Without chunks, which HTTP/1.0 does not have, a long body ends with the connection.
    const bool keep_alive = may_keep_alive && request.keep_alive() && !context_->connections.finishing() &&
                            (!is_long || request.version() >= 11);
    tcp().expires_after(response_timeout);
    ++context_->metrics.responses[response.status];
    text::Pieces rest = std::move(response.rest);
    std::string piece;
    if (is_long) piece = std::move(response.body);
    const ResponseFraming framing{.keep_alive = keep_alive, .is_in_pieces = is_long};
    BeastResponse message = message_of(std::move(response), request, framing);
    http::response_serializer<http::string_body> serializer(message);
    bool written = false;
    if (is_long || request.method() == http::verb::head) {
      serializer.split(true);
      const auto [failed, length] = co_await http::async_write_header(transport_, serializer, use_tuple);
      written = !failed;
    } else {
      const auto [failed, length] = co_await http::async_write(transport_, serializer, use_tuple);
      written = !failed;
    }
    if (written && is_long && request.method() != http::verb::head)
      written = co_await write_pieces(std::move(piece), std::move(rest), request.version() >= 11);
    if (written && !keep_alive) co_await transport_.close_gracefully();
    co_return written&& keep_alive;
  }

  // Sends a long body, as chunks (RFC 9112, section 7.1) or plain. When a body cannot be completed, the
  // connection is closed, so that the client notices.
  asio::awaitable<bool> write_pieces(std::string piece, text::Pieces rest, bool in_chunks) {
    const auto deadline = steady_clock::now() + long_response_timeout;
    for (bool has_more = true;;) {
      const std::string head = in_chunks ? fmt::format("{:x}\r\n", piece.size()) : std::string{};
      const std::string_view tail = !in_chunks ? "" : has_more ? "\r\n" : "\r\n0\r\n\r\n";
      const std::array<asio::const_buffer, 3> bytes{asio::buffer(head), asio::buffer(piece),
                                                    asio::buffer(tail.data(), tail.size())};
      tcp().expires_after(response_timeout);
      const auto [failed, length] = co_await asio::async_write(transport_, bytes, use_tuple);
      if (failed || !has_more) co_return !failed;
      if (steady_clock::now() > deadline) co_return false;
      piece.clear();
      has_more = append_piece(rest, piece);
      if (piece.empty()) co_return false;
    }
  }

  // Leaves `piece` empty on an exception.
  static bool append_piece(const text::Pieces& rest, std::string& piece) {
    try {
      return rest(piece);
    } catch (...) {
      supervision::report_exception(supervision::Task::http_request, {},
                                    "the response is incomplete and the connection is closed");
      piece.clear();
      return false;
    }
  }

  void close() {
    beast::error_code ignored;
    tcp().socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
    tcp().close();
  }

  Transport transport_;
  std::shared_ptr<ServerContext> context_;
  const ServerLimits& limits_;
  std::string peer_;                     // for logs
  std::optional<HttpResponse> refusal_;  // the response to the only request, when a limit is exceeded
  const Connections::Registration registration_;
  beast::flat_buffer buffer_{limits_.header_bytes + limits_.body_bytes};
  std::size_t requests_ = 0;
  steady_clock::time_point deadline_ = steady_clock::time_point::max();  // of the request that is being read
  bool late_ = false;                                                    // the deadline has passed
  bool idle_ = false;                                                    // no byte of a request was received
};

}  // namespace

asio::awaitable<void> run_session(asio::ip::tcp::socket socket, std::shared_ptr<ServerContext> context,
                                  Admission admission) {
  beast::error_code failed;
  const auto peer = socket.remote_endpoint(failed);
  if (failed) co_return;
  std::optional<HttpSession::AcceptedUpgrade> accepted;
  std::optional<Transport> transport;
  {
    HttpSession session(transport_on(std::move(socket), *context), context, peer, admission);
    accepted = co_await session.run();
    if (accepted) transport.emplace(std::move(session.transport()));
  }
  if (!accepted) co_return;
  auto upgrade = std::make_unique<Upgrade>(std::move(*transport), std::move(accepted->request), context);
  asio::awaitable<void> websocket = accepted->task(std::move(upgrade));
  co_await std::move(websocket);
}

}  // namespace gensetd::server
