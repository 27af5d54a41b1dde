#include "check.hpp"
#include "redis/reply.hpp"
#include "redis/url.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

using gensetd::redis::ReplyReader;

// The same bytes give the same replies, whole or cut after the first byte's number of bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  try {
    gensetd::redis::print_endpoint(gensetd::redis::parse_url(text));
  } catch (const std::runtime_error& error) {
    check(std::string_view{error.what()}.find('\n') == std::string_view::npos);
  }
  std::size_t whole = 0;
  std::size_t cut = 0;
  for (const bool in_pieces : {false, true}) {
    ReplyReader reader;
    std::size_t& replies = in_pieces ? cut : whole;
    std::string_view rest = text;
    const std::size_t piece = in_pieces && size > 0 ? data[0] % 16 + 1U : std::max<std::size_t>(size, 1);
    while (!rest.empty()) {
      reader.feed(rest.substr(0, piece));
      rest.remove_prefix(std::min(piece, rest.size()));
      gensetd::redis::Reply reply;
      ReplyReader::Next next = reader.next(reply);
      for (; next == ReplyReader::Next::complete; next = reader.next(reply)) {
        ++replies;
        first_error(reply);
      }
      if (next == ReplyReader::Next::broken) break;
    }
  }
  check(whole == cut);
  return 0;
}
