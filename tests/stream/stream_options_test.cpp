#include "stream/stream_options.hpp"

#include "server/query_parameters.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>

namespace gensetd::stream {
namespace {

using Ids = std::set<std::int64_t>;

TEST(StreamOptions, device_list_is_accepted_completely_or_refused) {
  EXPECT_FALSE(parse_stream_options("").devices);
  EXPECT_EQ(parse_stream_options("devices=3").devices, (Ids{3}));
  EXPECT_EQ(parse_stream_options("devices=3,1,2,3").devices, (Ids{1, 2, 3}));
  EXPECT_EQ(parse_stream_options("devices=1%2C2").devices, (Ids{1, 2}));
  for (const char* bad : {"devices=", "devices", "devices=1,", "devices=,1", "devices=1,,2", "devices=a",
                          "devices=-1", "devices=0", "devices=1 ,2", "device=1", "devices=1&devices=2"})
    EXPECT_THROW(parse_stream_options(bad), server::BadQuery) << bad;
}

TEST(StreamOptions, protocol_2_must_be_requested) {
  EXPECT_FALSE(parse_stream_options("").is_dashboard);
  EXPECT_FALSE(parse_stream_options("proto=1").is_dashboard);
  EXPECT_TRUE(parse_stream_options("devices=1&proto=2").is_dashboard);
  for (const char* bad : {"proto=", "proto=3", "proto=02", "proto=2&proto=2"})
    EXPECT_THROW(parse_stream_options(bad), server::BadQuery) << bad;
}

TEST(StreamOptions, device_list_is_bounded) {
  std::string list = "devices=1";
  for (std::size_t id = 2; id <= devices_in_list_max; ++id) list += "," + std::to_string(id);
  EXPECT_EQ(parse_stream_options(list).devices->size(), devices_in_list_max);
  EXPECT_THROW(parse_stream_options(list + ",999999"), server::BadQuery);
}

}  // namespace
}  // namespace gensetd::stream
