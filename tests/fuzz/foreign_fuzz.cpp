#include "check.hpp"
#include "reading/reading.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

// A message of another process is accepted unchanged, or refused with a reason on one line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  std::string why;
  const auto made = gensetd::reading::parse_foreign(text, {}, why);
  check(made ? made->json == text : !why.empty() && why.find('\n') == std::string::npos);
  return 0;
}
