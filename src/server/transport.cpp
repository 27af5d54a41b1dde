#include "server/transport.hpp"

#include "server/linger.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <linux/sockios.h>
#include <sys/ioctl.h>

namespace gensetd::server {

namespace asio = boost::asio;
using boost::beast::error_code;

asio::awaitable<error_code> Transport::handshake(asio::ssl::stream_base::handshake_type side) {
  const auto [failed] = co_await encrypted_->async_handshake(side, use_tuple);
  co_return failed;
}

void Transport::put_back(asio::const_buffer bytes) {
  put_back_.insert(0, static_cast<const char*>(bytes.data()), bytes.size());
}

std::size_t Transport::take_put_back(const Readable& buffers) {
  const std::size_t taken = asio::buffer_copy(buffers, asio::buffer(put_back_));
  put_back_.erase(0, taken);
  if (put_back_.empty()) put_back_ = {};  // frees its memory
  return taken;
}

void Transport::read_some(const Readable& buffers, Transferred handler) {
  if (!put_back_.empty() && asio::buffer_size(buffers) > 0) {
    auto taken = [handler = std::move(handler), length = take_put_back(buffers)]() mutable {
      handler(error_code{}, length);
    };
    return asio::post(get_executor(), std::move(taken));
  }
  if (encrypted_) return encrypted_->async_read_some(buffers, std::move(handler));
  plain_->async_read_some(buffers, std::move(handler));
}

void Transport::write_some(const Writable& buffers, Transferred handler) {
  writing_ = true;
  unsent_at_most_ = unknown;
  auto written = [this, handler = std::move(handler)](error_code failed, std::size_t length) mutable {
    writing_ = false;
    handler(failed, length);
  };
  if (encrypted_) return encrypted_->async_write_some(buffers, std::move(written));
  plain_->async_write_some(buffers, std::move(written));
}

asio::awaitable<void> Transport::close_gracefully() {
  if (encrypted_) {
    next_layer().expires_after(tls_shutdown_timeout);
    [[maybe_unused]] const auto [failed] = co_await encrypted_->async_shutdown(use_tuple);
  }
  co_await linger(next_layer());
  next_layer().close();
}

void Transport::tear_down(OneShotHandler<error_code> handler) {
  auto ended = [handler = std::move(handler)](const std::exception_ptr&) mutable { handler(error_code{}); };
  asio::co_spawn(get_executor(), close_gracefully(), std::move(ended));
}

Transport::WriteOutcome Transport::try_write_now(std::array<asio::const_buffer, 2> bytes,
                                                 std::size_t unsent_max) {
  if (writing_) return WriteOutcome::writer_busy;
  auto& tcp = plain_->socket();
  const std::size_t length = asio::buffer_size(bytes);
  if (unsent_at_most_ > unsent_max - length) {
    int unsent = 0;
    if (::ioctl(tcp.native_handle(), SIOCOUTQ, &unsent) != 0) return WriteOutcome::failed;
    unsent_at_most_ = static_cast<std::size_t>(unsent);
    if (unsent_at_most_ > unsent_max - length) return WriteOutcome::buffer_full;
  }
  error_code failed;
  if (!tcp.non_blocking()) tcp.non_blocking(true, failed);
  const std::size_t written = failed ? 0 : tcp.write_some(bytes, failed);
  if (failed) return failed == asio::error::would_block ? WriteOutcome::buffer_full : WriteOutcome::failed;
  unsent_at_most_ += length;
  // The system accepts only a part when it is out of memory.
  return written == length ? WriteOutcome::written : WriteOutcome::failed;
}

}  // namespace gensetd::server
