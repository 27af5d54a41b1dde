#pragma once

#include "server/one_shot_handler.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream_base.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/container/static_vector.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace gensetd::server {

inline constexpr std::chrono::seconds tls_shutdown_timeout{2};  // for the peer's close_notify

// A connection with or without TLS; an asynchronous stream as Asio and Beast define it. It is one type for
// both, and it converts all handlers to one type, so that Beast's templates above it are instantiated once
// and those below it only in transport.cpp. When it is_encrypted(), call handshake() first and go on only
// after it succeeded. Handlers run on its executor.
class Transport {
 public:
  using executor_type = boost::beast::tcp_stream::executor_type;
  using next_layer_type = boost::beast::tcp_stream;

  explicit Transport(boost::asio::ip::tcp::socket socket) { plain_.emplace(std::move(socket)); }
  Transport(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context& context) {
    encrypted_.emplace(boost::beast::tcp_stream(std::move(socket)), context);
  }

  bool is_encrypted() const { return encrypted_.has_value(); }
  next_layer_type& next_layer() { return encrypted_ ? encrypted_->next_layer() : *plain_; }
  const next_layer_type& next_layer() const { return encrypted_ ? encrypted_->next_layer() : *plain_; }
  executor_type get_executor() { return next_layer().get_executor(); }

  // Returns bytes that were read beyond the end of a message. The next reads deliver them first.
  void put_back(boost::asio::const_buffer bytes);

  boost::asio::awaitable<boost::beast::error_code> handshake(
      boost::asio::ssl::stream_base::handshake_type side);
  SSL* tls() { return encrypted_->native_handle(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    auto start = [this](auto handler, const Buffers& into) {
      read_some(first_of<Readable>(into), Transferred(std::move(handler)));
    };
    return boost::asio::async_initiate<Token, void(boost::beast::error_code, std::size_t)>(std::move(start),
                                                                                           token, buffers);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    auto start = [this](auto handler, const Buffers& from) {
      write_some(first_of<Writable>(from), Transferred(std::move(handler)));
    };
    return boost::asio::async_initiate<Token, void(boost::beast::error_code, std::size_t)>(std::move(start),
                                                                                           token, buffers);
  }

  // Writes the bytes to the socket without waiting, all or none. `writer_busy`: an asynchronous write is
  // running. `buffer_full`: more than `unsent_max` bytes would then be unacknowledged in the send buffer.
  // `failed`: the connection is unusable. `bytes` must not be longer than `unsent_max`, which must fit the
  // send buffer. Not with TLS.
  enum class WriteOutcome : std::uint8_t { written, writer_busy, buffer_full, failed };
  WriteOutcome try_write_now(std::array<boost::asio::const_buffer, 2> bytes, std::size_t unsent_max);

  // Shuts down the sending direction, and closes when the peer has done so too, or after some seconds.
  boost::asio::awaitable<void> close_gracefully();

  // Called by Beast to close the connection below a WebSocket. Beast's default reads only once before it
  // closes. A peer that is still sending a message that is too long would then be reset, and might never
  // receive the close frame with the reason.
  template <class Handler>
  friend void async_teardown(boost::beast::role_type, Transport& transport, Handler&& handler) {
    transport.tear_down(OneShotHandler<boost::beast::error_code>(std::forward<Handler>(handler)));
  }

 private:
  using Transferred = OneShotHandler<boost::beast::error_code, std::size_t>;
  // Enough for a response with all its header fields. More buffers are left to the next transfer.
  using Writable = boost::container::static_vector<boost::asio::const_buffer, 32>;
  using Readable = boost::container::static_vector<boost::asio::mutable_buffer, 4>;

  template <class Some, class Buffers>
  static Some first_of(const Buffers& buffers) {
    Some some;
    const auto end = boost::asio::buffer_sequence_end(buffers);
    for (auto buffer = boost::asio::buffer_sequence_begin(buffers);
         buffer != end && some.size() < some.capacity(); ++buffer) {
      const typename Some::value_type one(*buffer);
      if (one.size() != 0) some.push_back(one);
    }
    return some;
  }

  void read_some(const Readable& buffers, Transferred handler);
  std::size_t take_put_back(const Readable& buffers);
  void write_some(const Writable& buffers, Transferred handler);
  void tear_down(OneShotHandler<boost::beast::error_code> handler);

  static constexpr std::size_t unknown = std::numeric_limits<std::size_t>::max();

  std::optional<boost::beast::tcp_stream> plain_;
  std::optional<boost::beast::ssl_stream<boost::beast::tcp_stream>> encrypted_;  // one of the two
  std::string put_back_;
  bool writing_ = false;                  // an asynchronous write is running
  std::size_t unsent_at_most_ = unknown;  // upper bound of the unacknowledged bytes in the send buffer
};

}  // namespace gensetd::server
