#include "http/session.hpp"

#include "http/handshake.hpp"
#include "http/linger.hpp"
#include "http/stream.hpp"
#include "http/websocket.hpp"

#include <fmt/format.h>

#include <algorithm>
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

constexpr seconds idle_within{60};    // between two requests of a connection
constexpr seconds answer_within{30};  // to take an answer
constexpr seconds refusal_within{2};  // to send the request that is refused

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
    default:
      return Method::other;
  }
}

Request request_of(const HttpRequest& message, std::string_view from) {
  const std::string_view target = view(message.target());
  const auto question = target.find('?');
  return {.method = method_of(message.method()),
          .path = target.substr(0, question),
          .query = question == std::string_view::npos ? std::string_view{} : target.substr(question + 1),
          .body = message.body(),
          .authorization = view(message[http::field::authorization]),
          .origin = view(message[http::field::origin]),
          .host = view(message[http::field::host]),
          .content_type = view(message[http::field::content_type]),
          .accept_encoding = view(message[http::field::accept_encoding]),
          .if_none_match = view(message[http::field::if_none_match]),
          .accept = view(message[http::field::accept]),
          .subprotocols = view(message[http::field::sec_websocket_protocol]),
          .from = from};
}

Handshake handshake_of(const HttpRequest& message) {
  return {.host = view(message[http::field::host]),
          .version = view(message[http::field::sec_websocket_version]),
          .key = view(message[http::field::sec_websocket_key]),
          .key_count = message.count(http::field::sec_websocket_key)};
}

Response response_of(Answer answer, const HttpRequest& message, bool keep_alive) {
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
        co_await linger(tcp());
        break;
      }
      const bool last = ++requests_ >= limits_.requests_per_connection;
      if (beast::websocket::is_upgrade(parser->get())) {
        auto admitted = admit(parser->get());
        if (auto* wish = std::get_if<UpgradeWish>(&admitted))
          co_return Upgrade{parser->release(), std::move(*wish)};
        go_on = co_await write(std::move(std::get<Answer>(admitted)), parser->get(), !last);
        continue;
      }
      const Request request = request_of(parser->get(), peer_);
      const auto came_at = steady_clock::now();
      Answer answer = co_await shared_->api.answer(request);
      figures().request_time.note(steady_clock::now() - came_at);
      go_on = co_await write(std::move(answer), parser->get(), !last);
      if (last) co_await linger(tcp());  // it may have sent more already
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

  std::variant<UpgradeWish, Answer> admit(const HttpRequest& message) {
    auto admitted = shared_->api.admit_websocket(request_of(message, peer_));
    if (std::holds_alternative<Answer>(admitted)) return admitted;
    if (auto refused = refuse_handshake(handshake_of(message))) return std::move(*refused);
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
    if (!failed && beast::iequals(parser->get()[http::field::expect], "100-continue")) {
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
      co_await linger(tcp());
    }
    co_return false;
  }

  // Whether the connection goes on.
  asio::awaitable<bool> write(Answer answer, const HttpRequest& message, bool may_go_on) {
    const bool keep_alive = may_go_on && message.keep_alive() && !shared_->connections.finishing();
    tcp().expires_after(answer_within);
    ++figures().answers[answer.status];
    Response response = response_of(std::move(answer), message, keep_alive);
    http::response_serializer<http::string_body> serializer(response);
    if (message.method() == http::verb::head) serializer.split(true);
    const auto [failed, length] = co_await http::async_write(stream_, serializer, use_tuple);
    co_return !failed && keep_alive;
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
