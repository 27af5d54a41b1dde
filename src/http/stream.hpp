#pragma once

#include "http/once.hpp"

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

namespace gensetd::http {

inline constexpr std::chrono::seconds tls_goodbye_within{2};  // for the peer's half of it

// A connection, with or without TLS. One type, and its handlers are of one type before they reach Asio: what
// Beast builds upon it is compiled once, and what is below it in stream.cpp alone. Before anything else is
// done with one that is_encrypted(), shake_hands() must have succeeded. Its handlers run on its executor.
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

  // Gives back what was read beyond what the reader wanted: the next reads take it first.
  void put_back(boost::asio::const_buffer bytes);

  boost::asio::awaitable<boost::beast::error_code> shake_hands(
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
    auto start = [this](auto handler, const Buffers& what) {
      write_some(first_of<Writable>(what), Transferred(std::move(handler)));
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
  boost::asio::awaitable<void> end();

  // How Beast ends the connection below a WebSocket. Its own way reads only once before it closes, so that a
  // peer in the middle of what was too much is reset, and may never see the close frame that says why.
  template <class Handler>
  friend void async_teardown(boost::beast::role_type, Stream& stream, Handler&& handler) {
    stream.tear_down(Once<boost::beast::error_code>(std::forward<Handler>(handler)));
  }

 private:
  using Transferred = Once<boost::beast::error_code, std::size_t>;
  // As many as an answer with all its header fields has; more than that is left to the next transfer.
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
  void tear_down(Once<boost::beast::error_code> handler);

  static constexpr std::size_t unknown = std::numeric_limits<std::size_t>::max();

  std::optional<boost::beast::tcp_stream> plain_;
  std::optional<boost::beast::ssl_stream<boost::beast::tcp_stream>> encrypted_;  // one of the two
  std::string put_back_;
  bool writing_ = false;                  // an asynchronous write is under way
  std::size_t unsent_at_most_ = unknown;  // bytes that may wait in the system's send buffer
};

}  // namespace gensetd::http
