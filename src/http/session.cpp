#include "http/session.hpp"

#include "http/handshake.hpp"
#include "http/request_target.hpp"
#include "http/stream.hpp"
#include "http/websocket.hpp"
#include "supervision/exceptions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <optional>
#include <utility>

namespace gensetd::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using std::chrono::seconds;

using std::chrono::steady_clock;

constexpr seconds idle_within{60};          // between two requests of a connection
constexpr seconds answer_within{30};        // to take an answer, or one piece of a long one
constexpr seconds long_answer_within{600};  // to take all of a long one
constexpr seconds refusal_within{2};        // to send the request that is refused

using Parser = http::request_parser<http::string_body>;
using Response = http::response<http::string_body>;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
    case http::verb::head:
      return Method::get;
    case http::verb::post:
      return Method::post;
    case http::verb::patch:
      return Method::patch;
    case http::verb::delete_:
      return Method::remove;
    case http::verb::options:
      return Method::options;
    default:
      return Method::other;
  }
}

TargetLine target_line_of(const HttpRequest& message) {
  return {.target = view(message.target()),
          .is_options = message.method() == http::verb::options,
          .is_http_1_1 = message.version() >= 11,
          .host = view(message[http::field::host]),
          .host_count = message.count(http::field::host)};
}

Request request_of(const HttpRequest& message, const RequestTarget& target, std::string_view from) {
  return {.method = method_of(message.method()),
          .path = target.path,
          .query = target.query,
          .body = message.body(),
          .authorization = view(message[http::field::authorization]),
          .origin = view(message[http::field::origin]),
          .host = target.host,
          .content_type = view(message[http::field::content_type]),
          .accept_encoding = view(message[http::field::accept_encoding]),
          .if_none_match = view(message[http::field::if_none_match]),
          .accept = view(message[http::field::accept]),
          .subprotocols = view(message[http::field::sec_websocket_protocol]),
          .preflight_method = view(message[http::field::access_control_request_method]),
          .from = from};
}

Handshake handshake_of(const HttpRequest& message, const RequestTarget& target) {
  return {.host = target.host,
          .version = view(message[http::field::sec_websocket_version]),
          .key = view(message[http::field::sec_websocket_key]),
          .key_count = message.count(http::field::sec_websocket_key)};
}

// Of a long body the header alone.
Response response_of(Answer answer, const HttpRequest& message, bool keep_alive, bool is_long) {
  Response response{static_cast<http::status>(answer.status), message.version()};
  response.set(http::field::server, "gensetd");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  response.set("X-Frame-Options", "DENY");
  response.set("Cross-Origin-Opener-Policy", "same-origin");
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  response.set(
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
      "trusted-types svelte-trusted-html");
  response.set(http::field::cache_control,
               answer.content_type == "application/json" ? "no-store" : "no-cache");
  for (const auto& [name, value] : answer.headers) {
    if (name == "Vary") {
      response.insert(name, value);  // each part of the program that varies an answer says so for itself
    } else {
      response.set(name, value);
    }
  }
  response.keep_alive(keep_alive);
  if (answer.status == 204 || answer.status == 304) return response;
  response.set(http::field::content_type, answer.content_type);
  if (is_long) {  // of no known length
    response.chunked(message.version() >= 11);
    return response;
  }
  response.body() = std::move(answer.body);
  response.prepare_payload();
  if (message.method() == http::verb::head) response.body().clear();  // the length stays
  return response;
}

Answer retry_after(Answer answer, std::string_view time) {
  answer.headers.emplace_back("Retry-After", time);
  return answer;
}

// Why a connection is not served; empty when it is.
std::optional<Answer> refusal_of(Room room) {
  if (room == Room::full_for_address)
    return retry_after(error_answer(429, "too_many_connections",
                                    "too many connections from this address; close some, or reuse them"),
                       "5");
  if (room == Room::full)
    return retry_after(error_answer(503, "too_many_connections", "too many connections; try again later"),
                       "5");
  return std::nullopt;
}

// What to say of bytes that are no request; empty when there is nobody to say it to.
std::optional<Answer> answer_to(beast::error_code failed, const Limits& limits) {
  if (failed == http::error::body_limit)
    return error_answer(413, "body_too_large",
                        fmt::format("the body is larger than {} bytes", limits.body_bytes));
  if (failed == http::error::header_limit || failed == http::error::buffer_overflow)
    return error_answer(431, "header_too_large",
                        fmt::format("the header is larger than {} bytes", limits.header_bytes));
  if (failed == http::error::end_of_stream || failed == http::error::partial_message) return std::nullopt;
  if (failed.category() != http::make_error_code(http::error::bad_method).category()) return std::nullopt;
  return error_answer(400, "bad_request", "this is no well-formed HTTP request: " + failed.message());
}

// Whether the end of the body is where another server or proxy would see it too (RFC 9112, 6.1 and 6.3).
// Beast takes a coding that it does not know for no body, and would read the body as the next request. It
// also takes a list of equal lengths for one length.
bool has_sound_framing(const HttpRequest& message) {
  const auto length = view(message[http::field::content_length]);
  if (length.find_first_not_of("0123456789") != std::string_view::npos) return false;
  const auto codings = message.count(http::field::transfer_encoding);
  if (codings == 0) return true;
  return codings == 1 && message.version() >= 11 &&
         beast::iequals(message[http::field::transfer_encoding], "chunked");
}

Answer unsound_framing() {
  return error_answer(400, "bad_request",
                      "the end of the body is not clear: send one Content-Length, or Transfer-Encoding: "
                      "chunked in HTTP/1.1");
}

Stream stream_on(asio::ip::tcp::socket socket, const Shared& shared) {
  return shared.tls ? Stream(std::move(socket), *shared.tls) : Stream(std::move(socket));
}

bool is_plain_http(beast::error_code failed) {
  return failed.category() == asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(failed.value())) == SSL_R_HTTP_REQUEST;
}

class Session final : public Connection {
 public:
  Session(Stream stream, std::shared_ptr<Shared> shared, const asio::ip::tcp::endpoint& peer, Room room)
      : stream_(std::move(stream)),
        shared_(std::move(shared)),
        limits_(shared_->limits),
        peer_(shown(peer)),
        refusal_(refusal_of(room)),
        place_(shared_->connections, *this, peer.address(), refusal_ ? Purpose::refusal : Purpose::requests) {
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The upgrade that ended it, if one did.
  struct Upgrade {
    HttpRequest request;
    UpgradeWish wish;
  };

  asio::awaitable<std::optional<Upgrade>> run() {
    bool go_on = true;
    if (stream_.is_encrypted()) go_on = co_await shake_hands();
    while (go_on && !shared_->connections.finishing()) {
      std::optional<Parser> parser;
      const bool came = co_await read(parser);
      if (!came) break;
      if (refusal_) {
        [[maybe_unused]] const bool said = co_await write(std::move(*refusal_), parser->get(), false);
        break;
      }
      const bool last = ++requests_ >= limits_.requests_per_connection;
      auto target = read_target(target_line_of(parser->get()));
      if (auto* refused = std::get_if<Answer>(&target)) {
        go_on = co_await write(std::move(*refused), parser->get(), !last);
        continue;
      }
      const Request request = request_of(parser->get(), std::get<RequestTarget>(target), peer_);
      if (beast::websocket::is_upgrade(parser->get())) {
        auto admitted = admit(request, handshake_of(parser->get(), std::get<RequestTarget>(target)));
        if (auto* wish = std::get_if<UpgradeWish>(&admitted)) {
          stream_.put_back(buffer_.cdata());  // frames of a client that did not wait for the response
          co_return Upgrade{parser->release(), std::move(*wish)};
        }
        go_on = co_await write(std::move(std::get<Answer>(admitted)), parser->get(), !last);
        continue;
      }
      const auto came_at = steady_clock::now();
      Answer answer = co_await shared_->api.answer(request);
      figures().request_time.note(steady_clock::now() - came_at);
      go_on = co_await write(std::move(answer), parser->get(), !last);
    }
    close();
    co_return std::nullopt;
  }

  Stream& stream() { return stream_; }

 private:
  void finish() override {
    if (idle_) close();
  }
  void abort() override { close(); }
  // The stream's own deadlines close it, and then there is no answer any more: they are for what needs none.
  void check(steady_clock::time_point now) override {
    if (now < deadline_) return;
    late_ = true;
    tcp().cancel();
  }

  Figures& figures() { return shared_->api.figures(); }
  beast::tcp_stream& tcp() { return stream_.next_layer(); }

  asio::awaitable<bool> shake_hands() {
    tcp().expires_after(limits_.request_within);
    const auto failed = co_await stream_.shake_hands(asio::ssl::stream_base::server);
    if (is_plain_http(failed)) {
      static constexpr std::string_view text =
          "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
          R"({"error":{"code":"tls_required","message":"this port speaks TLS: use https:// or wss://",)"
          R"("field":null}})";
      [[maybe_unused]] const auto [lost, written] =
          co_await asio::async_write(tcp(), asio::buffer(text.data(), text.size()), use_tuple);
    }
    co_return !failed;
  }

  std::variant<UpgradeWish, Answer> admit(const Request& request, const Handshake& handshake) {
    auto admitted = shared_->api.admit_websocket(request);
    if (std::holds_alternative<Answer>(admitted)) return admitted;
    if (auto refused = refuse_handshake(handshake)) return std::move(*refused);
    if (!shared_->connections.has_room_for_websocket())
      return retry_after(error_answer(503, "too_many_clients", "too many WebSocket clients; try again later"),
                         "5");
    return admitted;
  }

  // Reads one request. False: the connection is over, and what there was to say is said.
  asio::awaitable<bool> read(std::optional<Parser>& parser) {
    if (buffer_.size() == 0) {
      idle_ = true;
      tcp().expires_after(refusal_ ? refusal_within : idle_within);
      const std::size_t room = std::min<std::size_t>(4'096, limits_.header_bytes);
      const auto [failed, length] = co_await stream_.async_read_some(buffer_.prepare(room), use_tuple);
      idle_ = false;
      if (failed) co_return false;
      buffer_.commit(length);
    }
    tcp().expires_never();
    late_ = false;
    deadline_ = steady_clock::now() + (refusal_ ? refusal_within : limits_.request_within);
    parser.emplace();
    parser->header_limit(limits_.header_bytes);
    parser->body_limit(limits_.body_bytes);
    auto [failed, header_length] = co_await http::async_read_header(stream_, buffer_, *parser, use_tuple);
    if (!failed && !has_sound_framing(parser->get())) {
      [[maybe_unused]] const bool said = co_await write(unsound_framing(), parser->get(), false);
      co_return false;
    }
    // A client of HTTP/1.0 does not expect it (RFC 9110, 10.1.1).
    if (!failed && parser->get().version() >= 11 &&
        beast::iequals(parser->get()[http::field::expect], "100-continue")) {
      static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      const auto [lost, written] =
          co_await asio::async_write(stream_, asio::buffer(go_on.data(), go_on.size()), use_tuple);
      if (lost) co_return false;
    }
    if (!failed) {
      const auto [body_failed, body_length] = co_await http::async_read(stream_, buffer_, *parser, use_tuple);
      failed = body_failed;
    }
    deadline_ = steady_clock::time_point::max();
    if (!failed) co_return true;
    auto refusal =
        late_ ? error_answer(408, "request_too_slow",
                             fmt::format("the request was not complete after {} s",
                                         std::chrono::duration<double>(limits_.request_within).count()))
              : answer_to(failed, limits_);
    if (refusal) {
      [[maybe_unused]] const bool said = co_await write(std::move(*refusal), parser->get(), false);
    }
    co_return false;
  }

  // Whether the connection goes on. Behind the last answer it reads what the client has sent meanwhile:
  // closing with unread bytes would reset the connection before the client has the answer.
  asio::awaitable<bool> write(Answer answer, const HttpRequest& message, bool may_go_on) {
    const bool is_long = answer.rest != nullptr;
    // The end of a long body is that of the connection for a client that knows no chunks.
    const bool keep_alive = may_go_on && message.keep_alive() && !shared_->connections.finishing() &&
                            (!is_long || message.version() >= 11);
    tcp().expires_after(answer_within);
    ++figures().answers[answer.status];
    BodyPieces rest = std::move(answer.rest);
    std::string piece;
    if (is_long) piece = std::move(answer.body);
    Response response = response_of(std::move(answer), message, keep_alive, is_long);
    http::response_serializer<http::string_body> serializer(response);
    bool written = false;
    if (is_long || message.method() == http::verb::head) {
      serializer.split(true);
      const auto [failed, length] = co_await http::async_write_header(stream_, serializer, use_tuple);
      written = !failed;
    } else {
      const auto [failed, length] = co_await http::async_write(stream_, serializer, use_tuple);
      written = !failed;
    }
    if (written && is_long && message.method() != http::verb::head)
      written = co_await write_pieces(std::move(piece), std::move(rest), message.version() >= 11);
    if (written && !keep_alive) co_await stream_.end();
    co_return written&& keep_alive;
  }

  // A long body, as chunks (RFC 9112, 7.1) or as it is. A body that cannot be completed ends with the
  // connection, so that the client knows.
  asio::awaitable<bool> write_pieces(std::string piece, BodyPieces rest, bool in_chunks) {
    const auto deadline = steady_clock::now() + long_answer_within;
    for (bool goes_on = true;;) {
      const std::string head = in_chunks ? fmt::format("{:x}\r\n", piece.size()) : std::string{};
      const std::string_view tail = !in_chunks ? "" : goes_on ? "\r\n" : "\r\n0\r\n\r\n";
      const std::array<asio::const_buffer, 3> bytes{asio::buffer(head), asio::buffer(piece),
                                                    asio::buffer(tail.data(), tail.size())};
      tcp().expires_after(answer_within);
      const auto [failed, length] = co_await asio::async_write(stream_, bytes, use_tuple);
      if (failed || !goes_on) co_return !failed;
      if (steady_clock::now() > deadline) co_return false;
      piece.clear();
      goes_on = append_piece(rest, piece);
      if (piece.empty()) co_return false;
    }
  }

  // Nothing is appended when it fails.
  static bool append_piece(const BodyPieces& rest, std::string& piece) {
    try {
      return rest(piece);
    } catch (...) {
      supervision::report_exception(supervision::Task::http_request, {},
                                    "the answer is cut off and the connection is closed");
      piece.clear();
      return false;
    }
  }

  void close() {
    beast::error_code ignored;
    tcp().socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
    tcp().close();
  }

  Stream stream_;
  std::shared_ptr<Shared> shared_;
  const Limits& limits_;
  std::string peer_;               // for people
  std::optional<Answer> refusal_;  // of its only request
  const Connections::Place place_;
  beast::flat_buffer buffer_{limits_.header_bytes + limits_.body_bytes};
  std::size_t requests_ = 0;
  steady_clock::time_point deadline_ = steady_clock::time_point::max();  // of the request that is coming
  bool late_ = false;
  bool idle_ = false;
};

}  // namespace

asio::awaitable<void> run_session(asio::ip::tcp::socket socket, std::shared_ptr<Shared> shared, Room room) {
  beast::error_code failed;
  const auto peer = socket.remote_endpoint(failed);
  if (failed) co_return;
  std::optional<Session::Upgrade> upgrade;
  std::optional<Stream> stream;
  {
    Session session(stream_on(std::move(socket), *shared), shared, peer, room);
    upgrade = co_await session.run();
    if (upgrade) stream.emplace(std::move(session.stream()));
  }
  if (upgrade)
    co_await run_websocket(std::move(*stream), std::move(upgrade->request), std::move(upgrade->wish), shared);
}

}  // namespace gensetd::http
