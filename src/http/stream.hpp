#pragma once

#include "http/beast.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <optional>
#include <utility>

namespace gensetd::http {

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
    if (encrypted_) return encrypted_->async_write_some(buffers, std::forward<Token>(token));
    return plain_->async_write_some(buffers, std::forward<Token>(token));
  }

  // How Beast ends the connection below a WebSocket.
  template <class Handler>
  friend void async_teardown(boost::beast::role_type role, Stream& stream, Handler&& handler) {
    using boost::beast::websocket::async_teardown;
    if (stream.encrypted_) {
      async_teardown(role, *stream.encrypted_, std::forward<Handler>(handler));
    } else {
      async_teardown(role, *stream.plain_, std::forward<Handler>(handler));
    }
  }

 private:
  std::optional<boost::beast::tcp_stream> plain_;
  std::optional<boost::beast::ssl_stream<boost::beast::tcp_stream>> encrypted_;  // one of the two
};

}  // namespace gensetd::http
