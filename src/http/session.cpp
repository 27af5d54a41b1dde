#include "http/session.hpp"

#include "http/beast.hpp"
#include "http/websocket.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <utility>

namespace gensetd::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using std::chrono::seconds;

constexpr std::uint32_t header_bytes_max = 16'384;
constexpr std::uint64_t body_bytes_max = 65'536;
constexpr seconds request_within{10};  // all of it, from its first byte
constexpr seconds idle_within{60};     // between two requests of a connection
constexpr seconds answer_within{30};   // to take an answer
constexpr std::size_t lingering_bytes_max = 1'048'576;

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
          .subprotocols = view(message[http::field::sec_websocket_protocol]),
          .from = from};
}

Response response_of(Answer answer, const HttpRequest& message, bool keep_alive) {
  Response response{static_cast<http::status>(answer.status), message.version()};
  response.set(http::field::server, "gensetd");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  response.set("X-Frame-Options", "DENY");
  response.set(
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  response.set(http::field::cache_control,
               answer.content_type == "application/json" ? "no-store" : "no-cache");
  for (const auto& [name, value] : answer.headers) response.set(name, value);
  response.keep_alive(keep_alive);
  if (answer.status == 204) return response;
  response.set(http::field::content_type, answer.content_type);
  response.body() = std::move(answer.body);
  response.prepare_payload();
  if (message.method() == http::verb::head) response.body().clear();  // the length stays
  return response;
}

// What to say of bytes that are no request; empty when there is nobody to say it to.
std::optional<Answer> answer_to(beast::error_code failed) {
  if (failed == http::error::body_limit)
    return error_answer(413, "body_too_large", "the body is larger than 64 kB");
  if (failed == http::error::header_limit || failed == http::error::buffer_overflow)
    return error_answer(431, "header_too_large", "the header is larger than 16 kB");
  if (failed == http::error::end_of_stream || failed == http::error::partial_message) return std::nullopt;
  if (failed.category() != http::make_error_code(http::error::bad_method).category()) return std::nullopt;
  return error_answer(400, "bad_request", "this is no well-formed HTTP request: " + failed.message());
}

class Session final : public Connection {
 public:
  Session(asio::ip::tcp::socket socket, std::shared_ptr<Shared> shared, const asio::ip::tcp::endpoint& peer)
      : stream_(std::move(socket)), shared_(std::move(shared)), from_(peer.address()), peer_(shown(peer)) {}

  // The upgrade that ended it, if one did.
  struct Upgrade {
    HttpRequest request;
    Selection selection;
  };

  asio::awaitable<std::optional<Upgrade>> run() {
    const Connections::Place place(shared_->connections, *this, from_, false);
    for (bool go_on = true; go_on && !shared_->connections.finishing();) {
      std::optional<Parser> parser;
      const bool came = co_await read(parser);
      if (!came) break;
      if (beast::websocket::is_upgrade(parser->get())) {
        auto admitted = admit(parser->get());
        if (auto* selection = std::get_if<Selection>(&admitted))
          co_return Upgrade{parser->release(), std::move(*selection)};
        go_on =
            co_await write(std::move(std::get<Answer>(admitted)), parser->get(), parser->get().keep_alive());
        continue;
      }
      const Request request = request_of(parser->get(), peer_);
      Answer answer = co_await shared_->api.answer(request);
      go_on = co_await write(std::move(answer), parser->get(), parser->get().keep_alive());
    }
    close();
    co_return std::nullopt;
  }

  beast::tcp_stream& stream() { return stream_; }

 private:
  void finish() override {
    if (idle_) close();
  }
  void abort() override { close(); }
  void check(std::chrono::steady_clock::time_point) override {}  // the stream has its own deadlines

  std::variant<Selection, Answer> admit(const HttpRequest& message) {
    auto admitted = shared_->api.admit_websocket(request_of(message, peer_));
    if (std::holds_alternative<Selection>(admitted) && !shared_->connections.has_room_for_websocket())
      return error_answer(503, "too_many_clients", "too many WebSocket clients; try again later");
    return admitted;
  }

  // Reads one request. False: the connection is over, and what there was to say is said.
  asio::awaitable<bool> read(std::optional<Parser>& parser) {
    if (buffer_.size() == 0) {
      idle_ = true;
      stream_.expires_after(idle_within);
      const auto [failed, length] = co_await stream_.async_read_some(buffer_.prepare(4'096), use_tuple);
      idle_ = false;
      if (failed) co_return false;
      buffer_.commit(length);
    }
    stream_.expires_after(request_within);
    parser.emplace();
    parser->header_limit(header_bytes_max);
    parser->body_limit(body_bytes_max);
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
    if (!failed) co_return true;
    auto refusal = answer_to(failed);
    if (refusal) {
      [[maybe_unused]] const bool said = co_await write(std::move(*refusal), parser->get(), false);
      co_await linger();
    }
    co_return false;
  }

  // Whether the connection goes on.
  asio::awaitable<bool> write(Answer answer, const HttpRequest& message, bool keep_alive) {
    keep_alive = keep_alive && !shared_->connections.finishing();
    stream_.expires_after(answer_within);
    Response response = response_of(std::move(answer), message, keep_alive);
    http::response_serializer<http::string_body> serializer(response);
    if (message.method() == http::verb::head) serializer.split(true);
    const auto [failed, length] = co_await http::async_write(stream_, serializer, use_tuple);
    co_return !failed && keep_alive;
  }

  // A connection closed over unread bytes is reset, and its last answer lost: reads a while what still comes.
  asio::awaitable<void> linger() {
    beast::error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    stream_.expires_after(seconds{2});
    std::array<char, 4'096> rest;
    for (std::size_t read = 0; read < lingering_bytes_max;) {
      const auto [failed, length] = co_await stream_.async_read_some(asio::buffer(rest), use_tuple);
      if (failed) co_return;
      read += length;
    }
  }

  void close() {
    beast::error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
    stream_.close();
  }

  beast::tcp_stream stream_;
  std::shared_ptr<Shared> shared_;
  asio::ip::address from_;
  std::string peer_;  // for people
  beast::flat_buffer buffer_{header_bytes_max + body_bytes_max};
  bool idle_ = false;
};

}  // namespace

asio::awaitable<void> run_session(asio::ip::tcp::socket socket, std::shared_ptr<Shared> shared) {
  beast::error_code failed;
  const auto peer = socket.remote_endpoint(failed);
  if (failed) co_return;
  std::optional<Session::Upgrade> upgrade;
  std::optional<beast::tcp_stream> stream;
  {
    Session session(std::move(socket), shared, peer);
    upgrade = co_await session.run();
    if (upgrade) stream.emplace(std::move(session.stream()));
  }
  if (upgrade)
    co_await run_websocket(std::move(*stream), std::move(upgrade->request), std::move(upgrade->selection),
                           shared);
}

}  // namespace gensetd::http
