#include "commands/profiles_command.hpp"
#include "commands/read_command.hpp"
#include "commands/reading_table.hpp"
#include "profile/catalog.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace gensetd::commands {
namespace {

struct Ran {
  int status = 0;
  std::string out;
  std::string errors;
};

Ran read(const ReadOptions& options) {
  std::ostringstream out;
  std::ostringstream errors;
  const int status = read_command(options, out, errors);
  return {status, out.str(), errors.str()};
}

Ran profiles(const ProfilesOptions& options) {
  std::ostringstream out;
  std::ostringstream errors;
  const int status = profiles_command(options, out, errors);
  return {status, out.str(), errors.str()};
}

TEST(Commands, addresses_have_an_optional_port) {
  using Address = std::pair<std::string, std::uint16_t>;
  EXPECT_EQ(parse_host_and_port("192.168.97.10"), (Address{"192.168.97.10", 502}));
  EXPECT_EQ(parse_host_and_port("moxa-1:4001"), (Address{"moxa-1", 4001}));
  EXPECT_EQ(parse_host_and_port("[fd00::1]:502"), (Address{"fd00::1", 502}));
  EXPECT_EQ(parse_host_and_port("fd00::1"), (Address{"fd00::1", 502}));
  for (const char* bad :
       {"", ":502", "host:", "host:0", "host:65536", "host:x", "[fd00::1", "[fd00::1]x", "a b", "[host]:1"})
    EXPECT_FALSE(parse_host_and_port(bad)) << bad;
}

TEST(Commands, raw_ranges_fit_one_request) {
  using modbus::Function;
  const auto range = [](Function function, std::uint16_t first, std::uint16_t count) {
    return modbus::ReadRequest{.function = function, .first = first, .count = count};
  };
  EXPECT_EQ(parse_raw_range("120:16"), range(Function::holding_registers, 120, 16));
  EXPECT_EQ(parse_raw_range("511"), range(Function::holding_registers, 511, 1));
  EXPECT_EQ(parse_raw_range("65535:1"), range(Function::holding_registers, 65'535, 1));
  EXPECT_EQ(parse_raw_range("holding/7:2"), range(Function::holding_registers, 7, 2));
  EXPECT_EQ(parse_raw_range("input/500:20"), range(Function::input_registers, 500, 20));
  EXPECT_EQ(parse_raw_range("coils/0:2000"), range(Function::coils, 0, 2'000));
  EXPECT_EQ(parse_raw_range("discrete/65535"), range(Function::discrete_inputs, 65'535, 1));
  for (const char* bad : {"", ":", "1:", "1:0", "1:126", "65535:2", "-1:1", "65536", "x:1", "input/", "/1:1",
                          "coil/1:1", "input/1:126", "coils/0:2001", "input/65535:2", "input:1"})
    EXPECT_FALSE(parse_raw_range(bad)) << bad;
}

TEST(Commands, read_names_the_invalid_option) {
  EXPECT_EQ(read({.address = "a b"}).status, 2);
  EXPECT_EQ(
      read({.address = "h", .profile = "nothing"}).errors,
      "gensetd read: --profile: 'nothing' is neither a profile nor a file; `gensetd profiles` lists them\n");
  EXPECT_EQ(read({.address = "h", .protocol = "udp"}).errors,
            "gensetd read: --protocol: 'udp' is neither tcp nor rtu_over_tcp\n");
  EXPECT_EQ(read({.address = "h", .protocol = "rtu_over_tcp", .unit_id = 0}).errors,
            "gensetd read: --unit: 0 is out of range; rtu_over_tcp takes 1 to 247\n");
}

TEST(Commands, read_names_options_that_exclude_a_daemon) {
  const std::pair<ReadOptions, const char*> rows[] = {
      {{.via = "ftp://h"}, "--via: this is not an http:// or https:// URL; "},
      {{.ca = "/x"}, "--ca: only with --via"},
      {{.via = "http://h", .ca = "/x"}, "--ca: an http:// URL has no certificate "},
      {{.via = "https://h", .ca = "/no/such.pem"}, "--ca: /no/such.pem: No such file"},
      {{.timeout_seconds = 1, .via = "http://h"}, "--timeout: not with --via; "},
      {{.profiles_directory = "/x", .via = "http://h"}, "--profiles: not with --via; "},
      {{.profile = "./my.toml", .via = "http://h"}, "--profile: with --via give the name "},
      {{.via = "http://h", .token = "hidden-secret\r\nX: y"}, "--token: "},
  };
  for (const auto& [options, message] : rows) {
    ReadOptions with_address = options;
    with_address.address = "h";
    const Ran ran = read(with_address);
    EXPECT_EQ(ran.status, 2);
    EXPECT_EQ(ran.errors.find("gensetd read: " + std::string{message}), 0U) << ran.errors;
    EXPECT_EQ(ran.errors.find("hidden-secret"), std::string::npos);
  }
}

TEST(Commands, read_reports_a_refused_connection) {
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor taken(context, {boost::asio::ip::address_v4::loopback(), 0});
  const std::string address = "127.0.0.1:" + std::to_string(taken.local_endpoint().port());
  taken.close();
  const Ran ran = read({.address = address});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.errors.find(address + ": connection refused; "), 0U) << ran.errors;
  EXPECT_EQ(ran.out, "");
}

TEST(Commands, table_shows_units_code_texts_and_dashes) {
  const auto profile = profile::Catalog::built_in().find("hgm9520n");
  reading::Content content{.profile = profile, .values = std::vector<profile::Value>(profile->fields.size())};
  for (std::size_t index = 0; index < profile->fields.size(); ++index) {
    if (profile->fields[index].name == "gen_uab") content.values[index] = 3985;
    if (profile->fields[index].name == "gen_status") content.values[index] = 9;
  }
  const std::string table = reading_table(content);
  EXPECT_NE(table.find("  gen_uab                 398.5 V"), std::string::npos) << table;
  EXPECT_NE(table.find(": Running\n"), std::string::npos) << table;
  EXPECT_NE(table.find("  coolant_temp                \u2014 °C"), std::string::npos) << table;
}

TEST(Commands, table_shows_raw_registers_of_the_values) {
  const auto profile = profile::Catalog::built_in().find("hgm9520n");
  reading::Content content{.profile = profile, .values = std::vector<profile::Value>(profile->fields.size())};
  for (std::size_t index = 0; index < profile->fields.size(); ++index) {
    if (profile->fields[index].name == "energy_kwh") content.values[index] = 952'409;
    if (profile->fields[index].name == "mode_auto") content.values[index] = 1;
  }
  using modbus::holding_register;
  const modbus::RawValues registers{{holding_register(0), 512},
                                    {holding_register(220), 32'766},
                                    {holding_register(274), 34'905},
                                    {holding_register(275), 14}};
  const std::string table = reading_table(content, &registers);
  EXPECT_NE(table.find("  mode_auto          0.9 = 0200              true"), std::string::npos) << table;
  EXPECT_NE(table.find("  energy_kwh         274 = 34905 14        952409 kWh"), std::string::npos) << table;
  EXPECT_NE(table.find("  coolant_temp       220 = 32766                \u2014"), std::string::npos) << table;
  EXPECT_NE(table.find("  gen_status         260 = ?                    \u2014"), std::string::npos) << table;
}

TEST(Commands, raw_table_shows_both_signs) {
  EXPECT_EQ(
      raw_table({{modbus::holding_register(120), 0xFFFE}, {modbus::holding_register(121), 0x0F91}}),
      "address  unsigned  signed  hex\n    120     65534      -2  FFFE\n    121      3985    3985  0F91\n");
}

TEST(Commands, profiles_are_listed_printed_and_checked) {
  const Ran list = profiles({});
  EXPECT_NE(list.out.find("hgm9520n     generator  tcp           14 blocks, 56 fields"), std::string::npos)
      << list.out;
  EXPECT_NE(profiles({.name_or_file = "hgm9560"}).out.find("accumulated 203..211"), std::string::npos);
  const std::string file = std::string{SOURCE_DIR} + "/profiles/hgm9560.toml";
  EXPECT_EQ(
      profiles({.name_or_file = file, .check = true}).out,
      file +
          ": good: 11 blocks, 38 fields\n"
          "on a serial line at 9600 baud:\n"
          "  each cycle: 6 requests, 983 ms\n"
          "  while alarm_common or alarm_shutdown or alarm_warning or alarm_trip_stop: 1 request, 178 ms\n"
          "  while alarm_common or alarm_shutdown or alarm_warning or alarm_trip_stop or "
          "mains_status:abnormal or mains_status:abnormal_delay: 1 request, 127 ms\n"
          "  all optional blocks: 2 requests, 305 ms\n");
  EXPECT_NE(
      profiles({.name_or_file = "hgm9520n", .check = true}).out.find("  each cycle: 7 requests, 1177 ms\n"),
      std::string::npos);
  const Ran unknown = profiles({.name_or_file = "nothing"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_NE(unknown.errors.find("'nothing' is neither a profile nor a file"), std::string::npos);
}

}  // namespace
}  // namespace gensetd::commands
