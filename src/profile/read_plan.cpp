#include "profile/read_plan.hpp"

#include "profile/decode.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace gensetd::profile {
namespace {

// The fixed cost of a request and the cost of each register, in the same unit.
struct Cost {
  std::int64_t request = 0;
  std::int64_t a_register = 0;
};

// Microseconds on an RS-485 line at 9600/8/N/2: a character is 11 bits. A request has 8 bytes, a response 5
// bytes and its registers. A controller needs about 60 ms to respond.
constexpr std::int64_t character_us = 1'146;
constexpr std::int64_t turnaround_us = 60'000;
constexpr std::int64_t frame_bytes = 8 + 5;

// Over TCP a request costs a round trip and two passes through the network stack of a small controller;
// registers cost almost nothing. Only a wider gap than this is worth another request.
constexpr std::int64_t tcp_request_in_registers = 100;

Cost cost_of(const Transport& transport, modbus::Protocol protocol) {
  if (protocol == modbus::Protocol::tcp) return {tcp_request_in_registers, 1};
  const std::int64_t gap_us = std::chrono::microseconds(transport.request_gap).count();
  return {frame_bytes * character_us + turnaround_us + gap_us, 2 * character_us};
}

// Eight bits cost half of what a register costs.
std::int64_t cost_of_items(const Cost& cost, modbus::Function table, int count) {
  return modbus::size_of(table, static_cast<std::uint16_t>(count)) * cost.a_register /
         (modbus::reads_bits(table) ? 2 : 1);
}

// On a serial line a response is told from an earlier one by its register count. So each read can be made
// longer by at least this many registers within the limit of the transport.
constexpr int counts_to_spare = 2;

// The longest merged read of a table, in registers or bits.
int merge_limit_of(const Transport& transport, modbus::Protocol protocol, modbus::Function table) {
  const int registers =
      protocol == modbus::Protocol::tcp ? transport.merge_limit : transport.merge_limit - counts_to_spare;
  return modbus::reads_bits(table) ? 16 * registers : registers;
}

PlannedRead read_of(const Profile& profile, std::size_t first_block, std::size_t last_block) {
  PlannedRead read;
  read.table = profile.blocks[first_block].table;
  read.first = profile.blocks[first_block].address;
  read.count = static_cast<std::uint16_t>(profile.blocks[last_block].end() - read.first);
  for (std::size_t block = first_block; block <= last_block; ++block)
    read.blocks.push_back(static_cast<std::uint16_t>(block));
  return read;
}

bool may_share_read(const Block& a, const Block& b) {
  return a.table == b.table && a.every == b.every && a.conditions == b.conditions;
}

// For every block b: the first block of the last read in the cheapest plan for blocks 0..b.
std::vector<std::size_t> cheapest_beginnings(const Profile& profile, modbus::Protocol protocol) {
  const Transport& transport = profile.transport(protocol);
  const Cost cost = cost_of(transport, protocol);
  const std::vector<Block>& blocks = profile.blocks;
  std::vector<std::int64_t> cheapest(blocks.size() + 1, std::numeric_limits<std::int64_t>::max());
  std::vector<std::size_t> beginnings(blocks.size());
  cheapest[0] = 0;
  for (std::size_t last = 0; last < blocks.size(); ++last) {
    const int merge_limit = merge_limit_of(transport, protocol, blocks[last].table);
    for (std::size_t first = last + 1; first-- > 0;) {
      const int span = blocks[last].end() - blocks[first].address;
      if (first != last) {
        const int gap = blocks[first + 1].address - blocks[first].end();
        if (!may_share_read(blocks[first], blocks[last]) || transport.whole_blocks ||
            gap > transport.gap_max || span > merge_limit)
          break;
      }
      if (protocol == modbus::Protocol::rtu_over_tcp &&
          modbus::is_ambiguous_on_serial_line(blocks[last].table, span))
        continue;
      const std::int64_t total =
          cheapest[first] + cost.request + cost_of_items(cost, blocks[last].table, span);
      if (total >= cheapest[last + 1]) continue;
      cheapest[last + 1] = total;
      beginnings[last] = first;
    }
  }
  return beginnings;
}

}  // namespace

std::chrono::microseconds serial_line_time(const PlannedRead& read, const Transport& transport) {
  const Cost cost = cost_of(transport, modbus::Protocol::rtu_over_tcp);
  return std::chrono::microseconds(cost.request + cost_of_items(cost, read.table, read.count));
}

ReadPlan merged_plan(const Profile& profile, modbus::Protocol protocol) {
  const std::vector<std::size_t> beginnings = cheapest_beginnings(profile, protocol);
  ReadPlan plan;
  for (std::size_t end = profile.blocks.size(); end > 0; end = beginnings[end - 1])
    plan.push_back(read_of(profile, beginnings[end - 1], end - 1));
  std::reverse(plan.begin(), plan.end());
  return plan;
}

ReadPlan single_blocks(const Profile& profile, const std::vector<std::uint16_t>& blocks) {
  ReadPlan plan;
  for (const std::uint16_t block : blocks) plan.push_back(read_of(profile, block, block));
  return plan;
}

ReadLayoutPtr read_layout_of(ProfilePtr profile, modbus::Protocol protocol) {
  auto layout = std::make_shared<ReadLayout>();
  layout->protocol = protocol;
  layout->plan = merged_plan(*profile, protocol);
  layout->has_optional = !profile->blocks.back().is_always_read();
  layout->probe = read_of(*profile, 0, 0);
  for (std::size_t block = 0; block < profile->blocks.size(); ++block)
    layout->fields.push_back(fields_of_block(*profile, block));
  layout->alarm_words.resize(profile->blocks.size());
  for (std::uint32_t index = 0; index < profile->alarm_words.size(); ++index) {
    ReadLayout::Words& words = layout->alarm_words[profile->alarm_words[index].block];
    if (words.first == words.end) words = {index, index};
    words.end = index + 1;  // the words of a block are neighbours
  }
  layout->profile = std::move(profile);
  return layout;
}

}  // namespace gensetd::profile
