#include "registry/address.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gensetd::registry {
namespace {

TEST(Address, spellings_of_one_address_become_one) {
  const std::vector<std::vector<std::string>> groups = {
      {"plc1", "PLC1", "plc1.", "Plc1."},
      {"gen_1.plant.example", "GEN_1.Plant.Example.", "gen_1.plant.EXAMPLE"},
      {"10.0.0.1", "::ffff:10.0.0.1", "::FFFF:10.0.0.1", "::ffff:a00:1", "0:0:0:0:0:ffff:0a00:0001"},
      {"fd00::1", "FD00::1", "fd00:0:0:0:0:0:0:1", "fd00:0000::0001", "fd00::0.0.0.1"},
      {"2001:db8::a:0:0:1", "2001:0DB8:0:0:a::1", "2001:db8:0:0:A:0:0:1"},
      {"::1", "0:0:0:0:0:0:0:1", "::0001"},
      {"0x10.example", "0X10.example."},
  };
  for (const auto& spellings : groups) {
    for (const std::string& spelling : spellings)
      EXPECT_EQ(normal_address(spelling), spellings.front()) << spelling;
  }
}

TEST(Address, other_numeric_forms_are_refused) {
  for (const char* text :
       {"10.1", "10.0.1", "010.0.0.1", "10.0.0.01", "0x0a.0.0.1", "10.0.0.0x1", "0x0a000001", "167772161",
        "0", "0x", "1.2.3.4.5", "256.0.0.1", "10.0.0.1.", "10.0.0.", ".10.0.0.1", "plant.10", "plant.0x1"})
    EXPECT_EQ(normal_address(text), std::nullopt) << text;
}

TEST(Address, invalid_address_is_refused) {
  const std::string long_label(64, 'a');
  for (const std::string& text : {std::string{},
                                  std::string{"."},
                                  std::string{".."},
                                  std::string{"a..b"},
                                  std::string{"plc1.."},
                                  std::string{"-a"},
                                  std::string{"a-"},
                                  std::string{"a b"},
                                  std::string{"a/b"},
                                  std::string{"[::1]"},
                                  std::string{"fe80::1%eth0"},
                                  std::string{"::1."},
                                  std::string{"1::2::3"},
                                  std::string{"plc1:502"},
                                  std::string{"http://plc1"},
                                  std::string{"Ген"},
                                  std::string{"a\0b", 3},
                                  std::string{"::1\0", 4},
                                  long_label,
                                  std::string(254, 'a')})
    EXPECT_EQ(normal_address(text), std::nullopt) << text;
}

}  // namespace
}  // namespace gensetd::registry
