#include "commands/read_report.hpp"

#include "commands/reading_table.hpp"
#include "profile/words.hpp"
#include "text/host_port.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace gensetd::commands {
namespace {

std::string raw_json(const ReadJob& job, const api::ReadNowResult& read) {
  std::vector<std::uint16_t> values;
  values.reserve(read.registers.size());
  for (const auto& [place, raw] : read.registers) values.push_back(raw);
  return fmt::format("{{{}\"address\":{},\"values\":[{}]}}\n", profile::table_key(job.range->function),
                     job.range->first, fmt::join(values, ","));
}

std::string table(const ReadJob& job, const api::ReadNowResult& read) {
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(read.latency);
  std::string text =
      fmt::format("{} unit {} {}, {}, {} requests in {} ms{}\n",
                  text::print_host_port(job.address.host, job.address.port), job.address.unit_id,
                  read.content->profile->name, reading::print_timestamp(read.content->timestamp),
                  read.requests, took.count(), job.via ? ", through " + to_text(*job.via) : "");
  text += reading_table(*read.content, job.registers ? &read.registers : nullptr);
  return text;
}

}  // namespace

std::string read_report(const ReadJob& job, const api::ReadNowResult& read) {
  if (job.range) return job.json ? raw_json(job, read) : raw_table(read.registers);
  if (job.json) return reading::print_unregistered(*read.content) + "\n";
  // With --watch, replace the previous output: cursor to the top left, clear the screen (ECMA-48).
  return (job.watch ? "\033[H\033[2J" : "") + table(job, read);
}

}  // namespace gensetd::commands
