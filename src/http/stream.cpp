#include "http/stream.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

namespace gensetd::http {

Stream::Handed Stream::hand_over(std::array<boost::asio::const_buffer, 2> bytes, std::size_t unsent_max) {
  if (writing_) return Handed::writer_busy;
  auto& tcp = plain_->socket();
  const std::size_t length = boost::asio::buffer_size(bytes);
  if (unsent_at_most_ > unsent_max - length) {
    int unsent = 0;
    if (::ioctl(tcp.native_handle(), SIOCOUTQ, &unsent) != 0) return Handed::failed;
    unsent_at_most_ = static_cast<std::size_t>(unsent);
    if (unsent_at_most_ > unsent_max - length) return Handed::no_room;
  }
  boost::beast::error_code failed;
  if (!tcp.non_blocking()) tcp.non_blocking(true, failed);
  const std::size_t handed = failed ? 0 : tcp.write_some(bytes, failed);
  if (failed) return failed == boost::asio::error::would_block ? Handed::no_room : Handed::failed;
  unsent_at_most_ += length;
  // A part alone is taken only when the system has no memory left.
  return handed == length ? Handed::all : Handed::failed;
}

}  // namespace gensetd::http
