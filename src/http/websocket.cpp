#include "http/websocket.hpp"

#include "live/mailbox.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace gensetd::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int send_buffer_bytes = 131'072;  // more would hide seconds of stale readings in the kernel
constexpr seconds handshake_within{10};
constexpr seconds silent_for_max{30};  // half of it until a ping, all of it until the end
constexpr seconds write_within{30};

// One client. Owned by its two coroutines, the writer and the reader; the socket ends both.
class Client final : public Connection, public live::Listener, public std::enable_shared_from_this<Client> {
 public:
  Client(Stream stream, Selection selection, std::shared_ptr<Shared> shared, const asio::ip::address& from)
      : socket_(std::move(stream)),
        selection_(std::move(selection)),
        shared_(std::move(shared)),
        place_(shared_->connections, *this, from, Purpose::websocket),
        wake_(socket_.get_executor()) {
    wake_.expires_at(steady_clock::time_point::max());
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  asio::awaitable<void> run(const HttpRequest& request) {
    const bool accepted = co_await accept(request);
    if (!accepted) co_return;
    // Between the subscription and the list nothing can happen, so nothing is lost and nothing comes twice.
    subscription_ = shared_->api.hub().subscribe(*this);
    std::string message = snapshot();
    auto reader = [self = shared_from_this()] { return self->read(); };
    asio::co_spawn(socket_.get_executor(), reader, asio::detached);
    bool open = co_await write(asio::buffer(message));
    message = {};
    while (open) {
      if (pong_due_) {
        pong_due_ = false;
        open = co_await write(asio::buffer("pong", 4));
      } else if (const reading::ReadingPtr newest = mailbox_.take()) {
        open = co_await write(asio::buffer(newest->json));
      } else if (finishing_) {
        break;
      } else {
        [[maybe_unused]] const auto [woken] = co_await wake_.async_wait(use_tuple);
        wake_.expires_at(steady_clock::time_point::max());
        open = !ended_;
      }
    }
    if (open) co_await say_goodbye();
    subscription_ = {};
    abort();
  }

 private:
  Figures& figures() { return shared_->api.figures(); }

  void changed(const reading::ReadingPtr& newest) override {
    if (selection_ && !selection_->contains(newest->device_id)) return;
    if (mailbox_.put(newest)) ++figures().websocket_conflated;
    wake_.cancel();
  }
  void removed(std::int64_t device_id) override { mailbox_.forget(device_id); }

  void finish() override {
    finishing_ = true;
    wake_.cancel();
  }
  void abort() override {
    ended_ = true;
    subscription_ = {};
    wake_.cancel();
    beast::get_lowest_layer(socket_).close();
  }
  void check(steady_clock::time_point now) override {
    if (writing_ && now - write_started_ > write_within) abort();
  }

  asio::awaitable<bool> accept(const HttpRequest& request) {
    beast::get_lowest_layer(socket_).expires_never();  // the WebSocket keeps its own time
    beast::error_code ignored;
    auto& tcp = beast::get_lowest_layer(socket_).socket();
    tcp.set_option(asio::socket_base::send_buffer_size(send_buffer_bytes), ignored);
    tcp.set_option(asio::ip::tcp::no_delay(true), ignored);
    websocket::stream_base::timeout limits;
    limits.handshake_timeout = handshake_within;
    limits.idle_timeout = silent_for_max;
    limits.keep_alive_pings = true;
    socket_.set_option(limits);
    socket_.read_message_max(shared_->limits.websocket_message_bytes);
    socket_.auto_fragment(false);
    const auto offered = request[beast::http::field::sec_websocket_protocol];
    const bool named = offers_subprotocol({offered.data(), offered.size()}, subprotocol);
    auto decorate = [named](websocket::response_type& response) {
      response.set(beast::http::field::server, "gensetd");
      if (named) response.set(beast::http::field::sec_websocket_protocol, std::string{subprotocol});
    };
    socket_.set_option(websocket::stream_base::decorator(decorate));
    const auto [failed] = co_await socket_.async_accept(request, use_tuple);
    co_return !failed;
  }

  std::string snapshot() const {
    std::string message = R"({"type":"snapshot","data":[)";
    bool first = true;
    for (const auto& reading : shared_->api.hub().all()) {
      if (selection_ && !selection_->contains(reading->device_id)) continue;
      if (!std::exchange(first, false)) message += ',';
      message += reading->json;
    }
    message += "]}";
    return message;
  }

  asio::awaitable<bool> write(asio::const_buffer message) {
    writing_ = true;
    write_started_ = steady_clock::now();
    socket_.text(true);
    const auto [failed, length] = co_await socket_.async_write(message, use_tuple);
    writing_ = false;
    if (failed) co_return false;
    ++figures().websocket_messages;
    figures().websocket_bytes += length;
    co_return !ended_;
  }

  asio::awaitable<void> read() {
    beast::flat_buffer buffer(shared_->limits.websocket_message_bytes);
    while (!ended_) {
      const auto [failed, length] = co_await socket_.async_read(buffer, use_tuple);
      if (failed) break;
      const auto data = buffer.cdata();
      const std::string_view text{static_cast<const char*>(data.data()), data.size()};
      // At most one pong waits, however many pings come.
      if (socket_.got_text() && text == "ping") {
        pong_due_ = true;
        wake_.cancel();
      }
      buffer.consume(buffer.size());
    }
    abort();
  }

  asio::awaitable<void> say_goodbye() {
    writing_ = true;
    write_started_ = steady_clock::now();
    const websocket::close_reason reason(websocket::close_code::going_away, "gensetd stops");
    [[maybe_unused]] const auto [failed] = co_await socket_.async_close(reason, use_tuple);
  }

  websocket::stream<Stream> socket_;
  Selection selection_;
  std::shared_ptr<Shared> shared_;
  const Connections::Place place_;
  asio::steady_timer wake_;
  live::Mailbox mailbox_;  // bounded by the number of devices
  live::Hub::Subscription subscription_;
  steady_clock::time_point write_started_;
  bool writing_ = false;
  bool pong_due_ = false;
  bool finishing_ = false;
  bool ended_ = false;
};

}  // namespace

asio::awaitable<void> run_websocket(Stream stream, HttpRequest request, Selection selection,
                                    std::shared_ptr<Shared> shared) {
  beast::error_code failed;
  const auto peer = stream.next_layer().socket().remote_endpoint(failed);
  if (failed || shared->connections.finishing()) co_return;
  const auto client =
      std::make_shared<Client>(std::move(stream), std::move(selection), std::move(shared), peer.address());
  co_await client->run(request);
}

}  // namespace gensetd::http
