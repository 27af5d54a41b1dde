#include "daemon/diagnostics_json.hpp"
#include "daemon/line_metrics.hpp"
#include "profile/catalog.hpp"
#include "text/whole.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gensetd::daemon {
namespace {

using namespace std::chrono_literals;

const registry::Device registered{.id = 7, .name = "Switchboard"};

poller::Diagnostics sample() {
  const auto profile = profile::Catalog::built_in().find("hgm9560");
  return {
      .device = {.identity = {.device_id = 7, .site_code = "M\"K\\Z", .device_type = "ats"},
                 .name = "Switchboard",
                 .address = {.host = "10.0.0.1",
                             .port = 26,
                             .unit_id = 3,
                             .protocol = modbus::Protocol::rtu_over_tcp},
                 .settings = {.poll_interval = 500ms, .offline_after = 3},
                 .online = true,
                 .last_seen = reading::Timestamp{1'500ms},
                 .failures_in_a_row = 2,
                 .counters = {.cycles = 9, .failed_cycles = 4, .retries = 5, .slots_missed = 6},
                 .last_hour = {.succeeded = 2, .failed = 1},
                 .last_cycle = 640ms,
                 .latency = {.responses = 70,
                             .sum = 7s,
                             .recent = 64,
                             .last = 98ms,
                             .mean = 100'250us,
                             .max = 140ms},
                 .unit = {.requests = 11,
                          .responses = 12,
                          .exceptions = 13,
                          .timeouts = 14,
                          .broken_frames = 15,
                          .foreign_frames = 16,
                          .late_responses = 17,
                          .doubled_responses = 18,
                          .confirmations = 20,
                          .suspect_responses = 19}},
      .plan = {.reads = {{.first = 55, .count = 30, .blocks = {2, 3}}}, .profile = profile, .is_split = true},
      .link = {.address = "10.0.0.1:26",
               .connected = true,
               .shared = true,
               .last_foreign = poller::ForeignFrame{.kind = modbus::RtuFrame::Kind::request,
                                                    .unit_id = 9,
                                                    .function = 3,
                                                    .register_count = 7,
                                                    .received_at = reading::Timestamp{2'500ms}},
               .line = {.connects = 2, .connections_lost = 1, .garbage_bytes = 33},
               .units = {.requests = 21,
                         .responses = 22,
                         .exceptions = 23,
                         .timeouts = 24,
                         .broken_frames = 25,
                         .foreign_frames = 26,
                         .late_responses = 27,
                         .doubled_responses = 28,
                         .confirmations = 30,
                         .suspect_responses = 29},
               .busy = 12'345'678us,
               .busy_share = 0.123456,
               .recent_busy_share = 1.0 / 3.0},
      .other_devices = {5, 6}};
}

TEST(Diagnostics, contain_all_fields) {
  EXPECT_EQ(
      print_diagnostics(registered, sample(), std::chrono::milliseconds{2'000}),
      R"({"device_id":7,"polled":true,"not_polled_because":null,)"
      R"("polling":{"online":true,"last_seen":"1970-01-01T00:00:01.500Z","failures_in_a_row":2,)"
      R"("offline_after":3,"poll_interval_seconds":0.5,"cycles":9,"failed_cycles":4,"retries":5,)"
      R"("missed_slots":6,"last_cycle_ms":640,"cadence_ms":2000,"last_hour_cycles":3,"last_hour_failed_cycles":1,)"
      R"("last_hour_success_rate":0.6667},)"
      R"("unit":{"slave_id":3,"requests":11,"answers":12,"exceptions":13,"timeouts":14,"broken_frames":15,)"
      R"("foreign_frames":16,"late_answers":17,"doubled_answers":18,"confirmations":20,"doubts":19,)"
      R"("recent_latency":{"answers":64,"last_ms":98,"mean_ms":100.25,"max_ms":140}},)"
      R"("read_plan":{"is_split":true,"reads":[{"table":"holding","first":55,"last":84,"register_count":30,)"
      R"("blocks":["mains_voltage","busbar_voltage"],"is_optional":false}]},)"
      R"("link":{"address":"10.0.0.1:26","protocol":"rtu_over_tcp","connected":true,"other_devices":[5,6],)"
      R"("connects":2,"connections_lost":1,"garbage_bytes":33,"busy_seconds":12.345678,"utilisation":0.1235,)"
      R"("utilisation_last_minute":0.3333,"shared_with_others":true,)"
      R"("last_foreign_frame":{"kind":"request","slave_id":9,"function":3,"register_count":7,)"
      R"("heard_at":"1970-01-01T00:00:02.500Z"},"stray_bytes":null,"requests":21,"answers":22,"exceptions":23,"timeouts":24,)"
      R"("broken_frames":25,"foreign_frames":26,"late_answers":27,"doubled_answers":28,"confirmations":30,"doubts":29}})");
}

TEST(Diagnostics, unknown_values_are_null) {
  poller::Diagnostics fresh = sample();
  fresh.device.counters = {};
  fresh.device.last_seen.reset();
  fresh.device.last_hour = {};
  fresh.device.latency = {};
  fresh.link.last_foreign.reset();
  fresh.other_devices.clear();
  const std::string text = print_diagnostics(registered, fresh, std::nullopt);
  for (const char* part :
       {R"("last_seen":null)", R"("last_cycle_ms":null)", R"("last_hour_success_rate":null)",
        R"("mean_ms":null)", R"("last_foreign_frame":null)", R"("other_devices":[])"})
    EXPECT_NE(text.find(part), std::string::npos) << part;
}

TEST(Diagnostics, device_that_is_not_polled_has_null_fields) {
  EXPECT_EQ(print_not_polled(registered, "the device is not active"),
            R"({"device_id":7,"polled":false,"not_polled_because":"the device is not active","polling":null,)"
            R"("unit":null,"read_plan":null,"link":null})");
}

TEST(LineMetrics, counters_and_gauges_with_escaped_labels) {
  const poller::Diagnostics seen = sample();
  measure::MetricFamilies families;
  add_link(seen.link, families);
  add_device(seen.device, 4'096, families);
  const std::string text = text::whole(families.finish());
  const std::string link = R"({link="10.0.0.1:26"} )";
  const std::string device = R"({device_id="7",site="M\"K\\Z"} )";
  for (const std::string& line :
       {"gensetd_link_connected" + link + "1", "gensetd_link_shared" + link + "1",
        "gensetd_link_connects_total" + link + "2", "gensetd_link_connections_lost_total" + link + "1",
        "gensetd_link_garbage_bytes_total" + link + "33",
        "gensetd_link_busy_seconds_total" + link + "12.345678",
        "gensetd_link_foreign_frames_total" + link + "26", "gensetd_device_cycles_total" + device + "9",
        "gensetd_device_cycles_failed_total" + device + "4", "gensetd_device_retries_total" + device + "5",
        "gensetd_device_cycles_missed_total" + device + "6",
        "gensetd_device_failures_in_a_row" + device + "2", "gensetd_device_offline_after" + device + "3",
        "gensetd_device_last_cycle_seconds" + device + "0.64",
        "gensetd_device_answer_latency_seconds_sum" + device + "7",
        "gensetd_device_answer_latency_seconds_count" + device + "70",
        "gensetd_device_history_bytes" + device + "4096", "gensetd_device_timeouts_total" + device + "14",
        "gensetd_device_broken_frames_total" + device + "15"})
    EXPECT_NE(text.find("\n" + line + "\n"), std::string::npos) << line;
}

}  // namespace
}  // namespace gensetd::daemon
