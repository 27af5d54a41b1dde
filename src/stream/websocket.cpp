#include "stream/websocket.hpp"

#include "server/access.hpp"
#include "server/upgrade.hpp"
#include "stream/specification_stream.hpp"
#include "supervision/tasks.hpp"

#include <boost/url/grammar/ci_string.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace gensetd::stream {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using server::Transport;
using server::use_tuple;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int send_buffer_bytes = 131'072;          // more would hold seconds of stale readings in the kernel
constexpr std::size_t send_now_bytes_max = 16'384;  // longer messages are left to the writer
constexpr std::size_t unsent_max = 32'768;          // for try_write_now(); a fraction of the send buffer
constexpr seconds handshake_timeout{10};
constexpr seconds idle_timeout{
    30};  // a ping is sent after half of it, the connection is closed after all of it
constexpr seconds write_timeout{30};

// The window is small on purpose: each client pays for it in memory, and the repeated field names are within
// 2 kB of each other. Level 1 costs a third of the default 6.
websocket::permessage_deflate compression() {
  websocket::permessage_deflate deflate;
  deflate.server_enable = true;
  deflate.server_max_window_bits = 11;
  deflate.client_max_window_bits = 9;  // messages from clients are short
  deflate.client_no_context_takeover = true;
  deflate.compLevel = 1;
  deflate.memLevel = 4;
  deflate.msg_size_threshold = 256;  // shorter messages fit one packet anyway
  return deflate;
}

// Beast responds to an offer of 8 bits with 9, which is more than the client allows (RFC 7692, section
// 7.1.2.1). Compression is then declined.
bool offers_too_small_a_window(const server::BeastRequest& request) {
  const auto header = request[beast::http::field::sec_websocket_extensions];
  for (const auto& extension : beast::http::ext_list{header}) {
    for (const auto& [name, value] : extension.second) {
      if (boost::urls::grammar::ci_is_equal(name, "server_max_window_bits") && value == "8") return true;
    }
  }
  return false;
}

bool is_inflate_error(beast::error_code failed) {
  return failed.category() == make_error_code(beast::zlib::error::need_buffers).category();
}

std::unique_ptr<MessageSource> source_of(StreamOptions options, const WebSocketContext& context) {
  if (options.is_dashboard)
    return std::make_unique<DashboardStream>(context.dashboards, std::move(options.devices));
  return std::make_unique<SpecificationStream>(context.dashboards->hub, std::move(options.devices));
}

// One WebSocket client. Its two coroutines, the writer run() and the reader read(), own it together; closing
// the socket ends both.
class WebSocketClient final : public server::ClientConnection,
                              public WakeList::Waiter,
                              public std::enable_shared_from_this<WebSocketClient> {
 public:
  WebSocketClient(Transport transport, StreamOptions options, std::shared_ptr<server::ServerContext> server,
                  std::shared_ptr<WebSocketContext> context, const asio::ip::address& from)
      : socket_(std::move(transport)),
        is_dashboard_(options.is_dashboard),
        server_(std::move(server)),
        context_(std::move(context)),
        source_(source_of(std::move(options), *context_)),
        registration_(server_->connections, *this, from, server::ConnectionPurpose::websocket),
        wake_(socket_.get_executor()) {
    source_->wake = [this] {
      if (asleep_) context_->wake_list->add(*this);
    };
    source_->conflated = [this] { ++context_->metrics.conflated; };
  }
  WebSocketClient(const WebSocketClient&) = delete;
  WebSocketClient& operator=(const WebSocketClient&) = delete;
  ~WebSocketClient() { context_->wake_list->remove(*this); }

  // After an exception. The client reconnects and receives a snapshot, so it misses nothing.
  void end_abruptly() noexcept {
    supervision::attempt(supervision::Task::websocket, {}, "the connection ends at its deadlines",
                         [this] { abort(); });
  }

  // The writer.
  asio::awaitable<void> run(const server::BeastRequest& request) {
    const bool accepted = co_await accept(request);
    if (!accepted) co_return;
    source_->begin();
    auto reader = [self = shared_from_this()] { return self->read(); };
    supervision::spawn(socket_.get_executor(), supervision::Task::websocket, reader,
                       [self = shared_from_this()] { self->end_abruptly(); });
    bool open = true;
    std::optional<CloseFrame> close;
    while (open && !close && !undecodable_) {
      NextMessage next = next_message();
      if (const auto* message = std::get_if<OutgoingMessage>(&next)) {
        const std::string_view text = message->view();
        open = co_await write(asio::buffer(text.data(), text.size()), message->is_complete);
      } else if (std::holds_alternative<CloseFrame>(next)) {
        close = std::get<CloseFrame>(std::move(next));
      } else if (finishing_) {
        close = CloseFrame{websocket::close_code::going_away, "gensetd is stopping"};
      } else {
        wake_.expires_at(std::get<NothingDue>(next).until);
        asleep_ = true;
        [[maybe_unused]] const auto [woken] = co_await wake_.async_wait(use_tuple);
        asleep_ = false;
        open = !ended_;
      }
    }
    if (undecodable_ && !ended_) {
      co_await send_undecodable_close();
    } else if (open) {
      co_await send_close(*close);
    }
    abort();
  }

 private:
  void finish() override {
    finishing_ = true;
    source_->flush();
    wake_.cancel();
  }
  void abort() override {
    ended_ = true;
    source_->end();
    wake_.cancel();
    beast::get_lowest_layer(socket_).close();
  }
  void check(steady_clock::time_point now) override {
    if (writing_ && now - write_started_ > write_timeout) abort();
  }

  NextMessage next_message() {
    if (!left_to_writer_) return source_->next(ClockPair::now());
    NextMessage left = std::move(*left_to_writer_);
    left_to_writer_.reset();
    return left;
  }

  // Most messages find the writer asleep and the send buffer empty. They are sent here, which costs a
  // fraction of waking the writer (bench/README.md compares). A message that cannot be sent here is left to
  // the writer.
  void wake_up(ClockPair now) noexcept override {
    const bool succeeded = supervision::attempt(supervision::Task::websocket, {},
                                                "this client is disconnected", [&] { send_pending(now); });
    if (!succeeded) end_abruptly();
  }

  void send_pending(ClockPair now) {
    while (asleep_ && !ended_ && !left_to_writer_) {
      NextMessage next = source_->next(now);
      if (const auto* nothing = std::get_if<NothingDue>(&next);
          nothing != nullptr && nothing->until >= wake_.expiry())
        return;
      const auto* message = std::get_if<OutgoingMessage>(&next);
      if (message == nullptr || !message->is_complete || !try_send_now(message->view()))
        left_to_writer_ = std::move(next);
    }
    wake_.cancel();
  }

  bool try_send_now(std::string_view text) {
    if (is_encoded_ || text.size() > send_now_bytes_max || !socket_.is_open() || undecodable_) return false;
    // An unmasked text message in one frame (RFC 6455, section 5.2).
    std::array<unsigned char, 4> header{0x81, static_cast<unsigned char>(text.size())};
    std::size_t header_bytes = 2;
    if (text.size() > 125) {
      header = {0x81, 126, static_cast<unsigned char>(text.size() >> 8U),
                static_cast<unsigned char>(text.size() & 0xFFU)};
      header_bytes = 4;
    }
    const auto outcome = socket_.next_layer().try_write_now(
        {asio::buffer(header.data(), header_bytes), asio::buffer(text.data(), text.size())}, unsent_max);
    if (outcome == Transport::WriteOutcome::failed) abort();
    if (outcome != Transport::WriteOutcome::written) return false;
    ++context_->metrics.messages;
    context_->metrics.bytes += text.size();
    return true;
  }

  asio::awaitable<bool> accept(const server::BeastRequest& request) {
    beast::get_lowest_layer(socket_).expires_never();  // the WebSocket stream has timeouts of its own
    beast::error_code ignored;
    auto& tcp = beast::get_lowest_layer(socket_).socket();
    tcp.set_option(asio::socket_base::send_buffer_size(send_buffer_bytes), ignored);
    tcp.set_option(asio::ip::tcp::no_delay(true), ignored);
    websocket::stream_base::timeout timeouts;
    timeouts.handshake_timeout = handshake_timeout;
    timeouts.idle_timeout = idle_timeout;
    timeouts.keep_alive_pings = true;
    socket_.set_option(timeouts);
    socket_.read_message_max(server_->limits.websocket_message_bytes);  // beyond it: close 1009
    socket_.auto_fragment(false);
    is_encoded_ = socket_.next_layer().is_encrypted();
    if (is_dashboard_ && server_->limits.websocket_compression && !offers_too_small_a_window(request)) {
      socket_.set_option(compression());
      is_encoded_ = is_encoded_ || request.count(beast::http::field::sec_websocket_extensions) != 0;
    }
    const auto offered = request[beast::http::field::sec_websocket_protocol];
    const bool named = server::offers_subprotocol({offered.data(), offered.size()}, server::subprotocol);
    auto decorate = [named](websocket::response_type& response) {
      response.set(beast::http::field::server, "gensetd");
      if (named) response.set(beast::http::field::sec_websocket_protocol, std::string{server::subprotocol});
    };
    socket_.set_option(websocket::stream_base::decorator(decorate));
    const auto [failed] = co_await socket_.async_accept(request, use_tuple);
    co_return !failed;
  }

  // Sends a message, or a piece of one as a frame of its own (RFC 6455, section 5.4).
  asio::awaitable<bool> write(asio::const_buffer bytes, bool is_complete) {
    writing_ = true;
    write_started_ = steady_clock::now();
    socket_.text(true);
    const auto [failed, length] = co_await socket_.async_write_some(is_complete, bytes, use_tuple);
    writing_ = false;
    if (failed) co_return false;
    context_->metrics.bytes += length;
    if (is_complete) ++context_->metrics.messages;
    co_return !ended_;
  }

  asio::awaitable<void> read() {
    // One byte more than the limit, so that the buffer never fills up: with a full buffer Beast loses track
    // of the end of a compressed message, or ends a connection without a close frame. Untouched pages cost
    // nothing.
    const std::size_t capacity = server_->limits.websocket_message_bytes + 1;
    const auto message = std::make_unique_for_overwrite<char[]>(capacity);
    std::size_t length = 0;
    while (!ended_) {
      const auto rest = asio::buffer(message.get() + length, capacity - length);
      const auto [failed, read] = co_await socket_.async_read_some(rest, use_tuple);
      if (is_inflate_error(failed)) {
        undecodable_ = true;
        wake_.cancel();
        co_return;  // the writer closes the connection
      }
      if (failed) break;
      length += read;
      if (!socket_.is_message_done()) continue;
      if (socket_.got_text()) {
        source_->received({message.get(), length});
      } else {
        source_->received_binary();
      }
      length = 0;
    }
    abort();
  }

  asio::awaitable<void> send_close(const CloseFrame& close) {
    writing_ = true;
    write_started_ = steady_clock::now();
    const websocket::close_reason reason(static_cast<websocket::close_code>(close.code), close.reason);
    [[maybe_unused]] const auto [failed] = co_await socket_.async_close(reason, use_tuple);
  }

  // After an inflate error Beast sends no close frame and starts no further operation. Writing below it is
  // safe: this coroutine is the only writer.
  asio::awaitable<void> send_undecodable_close() {
    static constexpr std::array<unsigned char, 4> close_frame{
        0x88,        // FIN; opcode 8: close
        0x02,        // payload length
        0x03, 0xEF,  // status code 1007: the payload is inconsistent with its type (RFC 6455, section 7.4.1)
    };
    writing_ = true;
    write_started_ = steady_clock::now();
    const auto bytes = asio::buffer(close_frame);
    const auto [failed, length] = co_await asio::async_write(socket_.next_layer(), bytes, use_tuple);
    if (!failed) co_await socket_.next_layer().close_gracefully();
  }

  websocket::stream<Transport> socket_;
  const bool is_dashboard_;
  const std::shared_ptr<server::ServerContext> server_;
  const std::shared_ptr<WebSocketContext> context_;
  const std::unique_ptr<MessageSource> source_;
  const server::Connections::Registration registration_;
  asio::steady_timer wake_;
  std::optional<NextMessage> left_to_writer_;
  steady_clock::time_point write_started_;
  bool asleep_ = false;  // the writer waits for wake_
  bool writing_ = false;
  bool finishing_ = false;  // close when no message is due
  bool ended_ = false;
  bool is_encoded_ = true;    // messages are encrypted, or may be compressed
  bool undecodable_ = false;  // the last message from the client could not be inflated
};

struct EndGuard {
  ~EndGuard() { client.end_abruptly(); }
  WebSocketClient& client;
};

asio::awaitable<void> run_websocket(std::unique_ptr<server::Upgrade> upgrade, StreamOptions options,
                                    std::shared_ptr<WebSocketContext> context) {
  beast::error_code failed;
  const auto peer = upgrade->transport.next_layer().socket().remote_endpoint(failed);
  if (failed || upgrade->server->connections.finishing()) co_return;
  const auto client =
      std::make_shared<WebSocketClient>(std::move(upgrade->transport), std::move(options),
                                        std::move(upgrade->server), std::move(context), peer.address());
  // In every way in which this coroutine can end: the reader may still be waiting for the client.
  const EndGuard guard{*client};
  co_await client->run(upgrade->request);
}

}  // namespace

server::WebSocketTask websocket_task(StreamOptions options, std::shared_ptr<WebSocketContext> context) {
  return
      [options = std::move(options), context = std::move(context)](std::unique_ptr<server::Upgrade> upgrade) {
        return run_websocket(std::move(upgrade), options, context);
      };
}

}  // namespace gensetd::stream
