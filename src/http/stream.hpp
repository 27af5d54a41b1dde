#pragma once

#include "http/beast.hpp"
#include "http/linger.hpp"

#include <boost/asio/associator.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

namespace gensetd::http {

inline constexpr std::chrono::seconds tls_goodbye_within{2};  // for the peer's half of it

// A handler of a write that notes its end first, and is to Asio what the handler in it is.
template <class Handler>
struct NotedWrite {
  bool* writing;
  Handler handler;

  void operator()(boost::beast::error_code failed, std::size_t length) {
    *writing = false;
    std::move(handler)(failed, length);
  }
};

// A connection, with or without TLS: one type, so that Beast's templates are compiled once. Before
// anything else is done with one that is_encrypted(), shake_hands() must have succeeded.
class Stream {
 public:
  using executor_type = boost::beast::tcp_stream::executor_type;
  using next_layer_type = boost::beast::tcp_stream;

  explicit Stream(boost::asio::ip::tcp::socket socket) { plain_.emplace(std::move(socket)); }
  Stream(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context& context) {
    encrypted_.emplace(boost::beast::tcp_stream(std::move(socket)), context);
  }

  bool is_encrypted() const { return encrypted_.has_value(); }
  next_layer_type& next_layer() { return encrypted_ ? encrypted_->next_layer() : *plain_; }
  const next_layer_type& next_layer() const { return encrypted_ ? encrypted_->next_layer() : *plain_; }
  executor_type get_executor() { return next_layer().get_executor(); }

  template <class Token>
  auto shake_hands(boost::asio::ssl::stream_base::handshake_type side, Token&& token) {
    return encrypted_->async_handshake(side, std::forward<Token>(token));
  }
  SSL* tls() { return encrypted_->native_handle(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    if (encrypted_) return encrypted_->async_read_some(buffers, std::forward<Token>(token));
    return plain_->async_read_some(buffers, std::forward<Token>(token));
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    auto start = [this](auto&& handler, const Buffers& what) {
      writing_ = true;
      unsent_at_most_ = unknown;
      NotedWrite<std::decay_t<decltype(handler)>> written{&writing_,
                                                          std::forward<decltype(handler)>(handler)};
      if (encrypted_) {
        encrypted_->async_write_some(what, std::move(written));
      } else {
        plain_->async_write_some(what, std::move(written));
      }
    };
    return boost::asio::async_initiate<Token, void(boost::beast::error_code, std::size_t)>(std::move(start),
                                                                                           token, buffers);
  }

  // Hands the bytes to the system at once, all or none: `writer_busy` when an asynchronous write is under
  // way, `no_room` when more than `unsent_max` bytes would wait there for the peer, `failed` when the
  // connection is of no use any more. At most `unsent_max` bytes, which always have room in the send buffer.
  // Not with TLS.
  enum class Handed : std::uint8_t { all, writer_busy, no_room, failed };
  Handed hand_over(std::array<boost::asio::const_buffer, 2> bytes, std::size_t unsent_max);

  // Says that no more comes, and closes when the peer has nothing more to send either, or after some seconds.
  boost::asio::awaitable<void> end() {
    if (encrypted_) {
      next_layer().expires_after(tls_goodbye_within);
      [[maybe_unused]] const auto [failed] = co_await encrypted_->async_shutdown(use_tuple);
    }
    co_await linger(next_layer());
    next_layer().close();
  }

  // How Beast ends the connection below a WebSocket. Its own way reads only once before it closes, so that a
  // peer in the middle of what was too much is reset, and may never see the close frame that says why.
  template <class Handler>
  friend void async_teardown(boost::beast::role_type, Stream& stream, Handler&& handler) {
    auto ended = [handler = std::forward<Handler>(handler)](const std::exception_ptr&) mutable {
      handler(boost::beast::error_code{});
    };
    boost::asio::co_spawn(stream.get_executor(), stream.end(), std::move(ended));
  }

 private:
  static constexpr std::size_t unknown = std::numeric_limits<std::size_t>::max();

  std::optional<boost::beast::tcp_stream> plain_;
  std::optional<boost::beast::ssl_stream<boost::beast::tcp_stream>> encrypted_;  // one of the two
  bool writing_ = false;                  // an asynchronous write is under way
  std::size_t unsent_at_most_ = unknown;  // bytes that may wait in the system's send buffer
};

}  // namespace gensetd::http

template <template <class, class> class Associator, class Handler, class Default>
struct boost::asio::associator<Associator, gensetd::http::NotedWrite<Handler>, Default>
    : Associator<Handler, Default> {
  static auto get(const gensetd::http::NotedWrite<Handler>& noted) noexcept {
    return Associator<Handler, Default>::get(noted.handler);
  }
  static auto get(const gensetd::http::NotedWrite<Handler>& noted, const Default& otherwise) noexcept {
    return Associator<Handler, Default>::get(noted.handler, otherwise);
  }
};
