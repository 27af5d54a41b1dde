#include "app/read_report.hpp"

#include "app/reading_table.hpp"
#include "text/host_port.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace gensetd::app {
namespace {

std::string raw_json(const ReadJob& job, const http::ReadNowResult& read) {
  std::vector<std::uint16_t> values;
  values.reserve(read.registers.size());
  for (const auto& [address, raw] : read.registers) values.push_back(raw);
  return fmt::format("{{\"address\":{},\"values\":[{}]}}\n", job.range->first, fmt::join(values, ","));
}

std::string table(const ReadJob& job, const http::ReadNowResult& read) {
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(read.latency);
  std::string text =
      fmt::format("{} unit {} {}, {}, {} requests in {} ms{}\n",
                  text::print_host_port(job.address.host, job.address.port), job.address.unit_id,
                  read.facts->profile->name, reading::print_timestamp(read.facts->timestamp), read.requests,
                  took.count(), job.via ? ", through " + to_text(*job.via) : "");
  text += reading_table(*read.facts, job.registers ? &read.registers : nullptr);
  return text;
}

}  // namespace

std::string read_report(const ReadJob& job, const http::ReadNowResult& read) {
  if (job.range) return job.json ? raw_json(job, read) : raw_table(read.registers);
  if (job.json) return reading::print_unregistered(*read.facts) + "\n";
  // In place, when it is printed again and again: to the top left, clear the screen (ECMA-48).
  return (job.watch ? "\033[H\033[2J" : "") + table(job, read);
}

}  // namespace gensetd::app
