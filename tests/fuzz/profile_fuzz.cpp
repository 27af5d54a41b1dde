#include "check.hpp"
#include "profile/catalog.hpp"
#include "profile/decode.hpp"
#include "profile/read_plan.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

using namespace gensetd;

// A file that is accepted can be planned and decoded; one that is not is refused on one line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const profile::Catalog catalog = profile::Catalog::built_in();
  profile::ProfilePtr read;
  try {
    read = catalog.parse({reinterpret_cast<const char*>(data), size}, "fuzz.toml");
  } catch (const profile::ProfileError& error) {
    const std::string_view line = error.what();
    check(line.find('\n') == std::string_view::npos);
    return 0;
  }
  for (const auto protocol : {modbus::Protocol::tcp, modbus::Protocol::rtu_over_tcp})
    for (const auto& planned : profile::merged_plan(*read, protocol))
      check(planned.count >= 1 && planned.count <= modbus::count_max(planned.table));
  std::vector<profile::Value> values(read->fields.size());
  for (std::size_t block = 0; block < read->blocks.size(); ++block) {
    // Bytes that differ, so that words and bytes in another order are other values.
    std::vector<std::uint8_t> bytes(2U * read->blocks[block].count);
    for (std::size_t index = 0; index < bytes.size(); ++index)
      bytes[index] = static_cast<std::uint8_t>(37 * index + size);
    profile::decode_block(*read, block, profile::fields_of_block(*read, block),
                          {.first = read->blocks[block].address, .bytes = bytes}, values);
  }
  return 0;
}
