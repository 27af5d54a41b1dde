#include "http/websocket.hpp"

#include "http/dashboard_stream.hpp"
#include "http/specification_stream.hpp"
#include "supervision/tasks.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace gensetd::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int send_buffer_bytes = 131'072;   // more would hide seconds of stale readings in the kernel
constexpr std::size_t at_once_max = 16'384;  // of one message; more is written as the client takes it
constexpr std::size_t unsent_max = 32'768;   // of what is told at once; a fraction of the buffer
constexpr seconds handshake_within{10};
constexpr seconds silent_for_max{30};  // half of it until a ping, all of it until the end
constexpr seconds write_within{30};

// Small on purpose: what deflate remembers of the past is paid for by every client, and the field names that
// come again and again lie within 2 kB of each other. Level 1 is a third of the work of the usual 6.
websocket::permessage_deflate compression() {
  websocket::permessage_deflate deflate;
  deflate.server_enable = true;
  deflate.server_max_window_bits = 11;
  deflate.client_max_window_bits = 9;  // clients say little
  deflate.client_no_context_takeover = true;
  deflate.compLevel = 1;
  deflate.memLevel = 4;
  deflate.msg_size_threshold = 256;  // below it the answer fits one packet anyway
  return deflate;
}

// Beast answers an offer of 8 bits by 9, more than the client allows (RFC 7692, 7.1.2.1): declined instead.
bool offers_too_small_a_window(const HttpRequest& request) {
  const auto header = request[beast::http::field::sec_websocket_extensions];
  for (const auto& extension : beast::http::ext_list{header}) {
    for (const auto& [name, value] : extension.second) {
      if (beast::iequals(name, "server_max_window_bits") && value == "8") return true;
    }
  }
  return false;
}

bool does_not_inflate(beast::error_code failed) {
  return failed.category() == make_error_code(beast::zlib::error::need_buffers).category();
}

std::unique_ptr<MessageSource> source_of(UpgradeWish wish, const Shared& shared) {
  if (wish.is_dashboard) return std::make_unique<DashboardStream>(shared.dashboards, std::move(wish.devices));
  return std::make_unique<SpecificationStream>(shared.api.services().hub, std::move(wish.devices));
}

// One client. Owned by its two coroutines, the writer and the reader; the socket ends both.
class Client final : public Connection,
                     public WakeList::Sleeper,
                     public std::enable_shared_from_this<Client> {
 public:
  Client(Stream stream, UpgradeWish wish, std::shared_ptr<Shared> shared, const asio::ip::address& from)
      : socket_(std::move(stream)),
        is_dashboard_(wish.is_dashboard),
        shared_(std::move(shared)),
        source_(source_of(std::move(wish), *shared_)),
        place_(shared_->connections, *this, from, Purpose::websocket),
        wake_(socket_.get_executor()) {
    source_->wake = [this] {
      if (asleep_) shared_->wake_list->add(*this);
    };
    source_->conflated = [this] { ++figures().websocket_conflated; };
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { shared_->wake_list->remove(*this); }

  // After an exception: the client comes back and gets a snapshot, so nothing stays missing.
  void end_abruptly() noexcept {
    supervision::attempt(supervision::Task::websocket, {}, "its deadlines end it", [this] { abort(); });
  }

  asio::awaitable<void> run(const HttpRequest& request) {
    const bool accepted = co_await accept(request);
    if (!accepted) co_return;
    source_->begin();
    auto reader = [self = shared_from_this()] { return self->read(); };
    supervision::spawn(socket_.get_executor(), supervision::Task::websocket, reader,
                       [self = shared_from_this()] { self->end_abruptly(); });
    bool open = true;
    std::optional<Ending> ending;
    while (open && !ending && !undecodable_) {
      NextMessage next = next_message();
      if (const auto* message = std::get_if<OutgoingMessage>(&next)) {
        const std::string_view text = message->view();
        open = co_await write(asio::buffer(text.data(), text.size()), message->is_complete);
      } else if (std::holds_alternative<Ending>(next)) {
        ending = std::get<Ending>(std::move(next));
      } else if (finishing_) {
        ending = Ending{websocket::close_code::going_away, "gensetd stops"};
      } else {
        wake_.expires_at(std::get<Silence>(next).until);
        asleep_ = true;
        [[maybe_unused]] const auto [woken] = co_await wake_.async_wait(use_tuple);
        asleep_ = false;
        open = !ended_;
      }
    }
    if (undecodable_ && !ended_) {
      co_await say_that_nothing_was_understood();
    } else if (open) {
      co_await say_goodbye(*ending);
    }
    abort();
  }

 private:
  Figures& figures() { return shared_->api.figures(); }

  void finish() override {
    finishing_ = true;
    source_->hurry();
    wake_.cancel();
  }
  void abort() override {
    ended_ = true;
    source_->end();
    wake_.cancel();
    beast::get_lowest_layer(socket_).close();
  }
  void check(steady_clock::time_point now) override {
    if (writing_ && now - write_started_ > write_within) abort();
  }

  NextMessage next_message() {
    if (!left_) return source_->next(Moment::now());
    NextMessage left = std::move(*left_);
    left_.reset();
    return left;
  }

  // Most of what a client is told finds it asleep with an empty send buffer: it is told here, which costs a
  // fraction of waking the writer. What stands in the way of that is left to the writer.
  void wake_up(Moment now) noexcept override {
    const bool told = supervision::attempt(supervision::Task::websocket, {}, "this client is disconnected",
                                           [&] { tell(now); });
    if (!told) end_abruptly();
  }

  void tell(Moment now) {
    while (asleep_ && !ended_ && !left_) {
      NextMessage next = source_->next(now);
      if (const auto* silence = std::get_if<Silence>(&next);
          silence != nullptr && silence->until >= wake_.expiry())
        return;
      const auto* message = std::get_if<OutgoingMessage>(&next);
      if (message == nullptr || !message->is_complete || !is_told_at_once(message->view()))
        left_ = std::move(next);
    }
    wake_.cancel();
  }

  bool is_told_at_once(std::string_view text) {
    if (is_wrapped_ || text.size() > at_once_max || !socket_.is_open() || undecodable_) return false;
    // An unmasked text message in one frame (RFC 6455, 5.2).
    std::array<unsigned char, 4> header{0x81, static_cast<unsigned char>(text.size())};
    std::size_t header_bytes = 2;
    if (text.size() > 125) {
      header = {0x81, 126, static_cast<unsigned char>(text.size() >> 8U),
                static_cast<unsigned char>(text.size() & 0xFFU)};
      header_bytes = 4;
    }
    const auto handed = socket_.next_layer().hand_over(
        {asio::buffer(header.data(), header_bytes), asio::buffer(text.data(), text.size())}, unsent_max);
    if (handed == Stream::Handed::failed) abort();
    if (handed != Stream::Handed::all) return false;
    ++figures().websocket_messages;
    figures().websocket_bytes += text.size();
    return true;
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
    socket_.read_message_max(shared_->limits.websocket_message_bytes);  // beyond it: close 1009
    socket_.auto_fragment(false);
    is_wrapped_ = socket_.next_layer().is_encrypted();
    if (is_dashboard_ && shared_->limits.websocket_compression && !offers_too_small_a_window(request)) {
      socket_.set_option(compression());
      is_wrapped_ = is_wrapped_ || request.count(beast::http::field::sec_websocket_extensions) != 0;
    }
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

  // A message, or a piece of one in a frame of its own (RFC 6455, 5.4).
  asio::awaitable<bool> write(asio::const_buffer bytes, bool is_complete) {
    writing_ = true;
    write_started_ = steady_clock::now();
    socket_.text(true);
    const auto [failed, length] = co_await socket_.async_write_some(is_complete, bytes, use_tuple);
    writing_ = false;
    if (failed) co_return false;
    figures().websocket_bytes += length;
    if (is_complete) ++figures().websocket_messages;
    co_return !ended_;
  }

  asio::awaitable<void> read() {
    // A byte more than allowed, so that it never fills up: there Beast loses count of where a compressed
    // message ends, or ends a connection without a close frame. Untouched pages of it cost nothing.
    const std::size_t room = shared_->limits.websocket_message_bytes + 1;
    const auto message = std::make_unique_for_overwrite<char[]>(room);
    std::size_t length = 0;
    while (!ended_) {
      const auto rest = asio::buffer(message.get() + length, room - length);
      const auto [failed, read] = co_await socket_.async_read_some(rest, use_tuple);
      if (does_not_inflate(failed)) {
        undecodable_ = true;
        wake_.cancel();
        co_return;  // the writer ends it
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

  asio::awaitable<void> say_goodbye(const Ending& ending) {
    writing_ = true;
    write_started_ = steady_clock::now();
    const websocket::close_reason reason(static_cast<websocket::close_code>(ending.code), ending.reason);
    [[maybe_unused]] const auto [failed] = co_await socket_.async_close(reason, use_tuple);
  }

  // What cannot be inflated ends for Beast without a close frame. Nothing else writes any more: the writer is
  // here, and after an error Beast begins nothing.
  asio::awaitable<void> say_that_nothing_was_understood() {
    static constexpr std::array<unsigned char, 4> close_frame{
        0x88,        // the last part; close
        0x02,        // length
        0x03, 0xEF,  // 1007: not what its type says (RFC 6455, 7.4.1)
    };
    writing_ = true;
    write_started_ = steady_clock::now();
    const auto bytes = asio::buffer(close_frame);
    const auto [failed, length] = co_await asio::async_write(socket_.next_layer(), bytes, use_tuple);
    if (!failed) co_await socket_.next_layer().end();
  }

  websocket::stream<Stream> socket_;
  const bool is_dashboard_;
  std::shared_ptr<Shared> shared_;
  const std::unique_ptr<MessageSource> source_;
  const Connections::Place place_;
  asio::steady_timer wake_;
  std::optional<NextMessage> left_;  // to the writer
  steady_clock::time_point write_started_;
  bool asleep_ = false;  // the writer waits for wake_
  bool writing_ = false;
  bool finishing_ = false;  // the connection ends when nothing is left to say
  bool ended_ = false;
  bool is_wrapped_ = true;    // what is sent is not what is written: TLS, or compression as far as is known
  bool undecodable_ = false;  // what the client said last
};

struct ClientEnding {
  ~ClientEnding() { client.end_abruptly(); }
  Client& client;
};

}  // namespace

asio::awaitable<void> run_websocket(Stream stream, HttpRequest request, UpgradeWish wish,
                                    std::shared_ptr<Shared> shared) {
  beast::error_code failed;
  const auto peer = stream.next_layer().socket().remote_endpoint(failed);
  if (failed || shared->connections.finishing()) co_return;
  const auto client =
      std::make_shared<Client>(std::move(stream), std::move(wish), std::move(shared), peer.address());
  // However this coroutine ends: the reader may still wait for the client.
  const ClientEnding ending{*client};
  co_await client->run(request);
}

}  // namespace gensetd::http
