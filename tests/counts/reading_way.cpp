// The path of readings from a controller's registers to the bytes that leave the process, on fixed input and
// without a socket: cycle and decoding, the message, the hub, events, history, the commands for Redis, the
// text for a WebSocket. `reading_way READINGS` prints how many allocations each reading took; valgrind counts
// its instructions.

#include "events/changes.hpp"
#include "history/history.hpp"
#include "live/hub.hpp"
#include "poller/cycle.hpp"
#include "profile/catalog.hpp"
#include "reading/reading.hpp"
#include "redis/commands.hpp"
#include "stream/specification_stream.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace {

std::uint64_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace gensetd {
namespace {

constexpr std::size_t registers = 600;

// A genset in operation, in which a few values differ with every reading.
std::vector<std::uint8_t> registers_at(std::uint64_t reading) {
  std::vector<std::uint8_t> bytes(2 * registers);
  const auto set = [&](std::size_t address, std::uint64_t value) {
    bytes[2 * address] = static_cast<std::uint8_t>(value >> 8U);
    bytes[2 * address + 1] = static_cast<std::uint8_t>(value);
  };
  set(0, 1U << 9U);
  set(114, 0xD);
  for (std::size_t address = 120; address < 242; ++address) set(address, address % 2 == 0 ? 40 + address : 0);
  set(260, 9);
  set(120, 3'800 + reading % 400);
  set(166, 900 + reading % 300);
  set(174, 2'000 + reading % 700);
  return bytes;
}

// All consumers behind the hub.
class Consumers final : public live::ReadingListener {
 public:
  Consumers(live::Hub& hub, const profile::Profile& profile)
      : watchlist_(profile),
        history_(hub, {}),
        stream_(hub, std::nullopt),
        subscription_(hub.subscribe(*this)) {
    history_.start();
    stream_.begin();
    stream_.next({});  // the snapshot
  }

  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t changes() const { return changes_; }
  void take_stream() {
    const stream::NextMessage next = stream_.next({});
    bytes_ += std::get<stream::OutgoingMessage>(next).view().size();
  }

 private:
  void changed(const live::ReadingPtr& newest) override {
    changes_ += events::changes_between(known_, *newest->content, watchlist_).size();
    known_ = events::known_after(std::move(known_), newest->content);
    commands_.clear();
    redis::append_reading(commands_, *newest, names_,
                          {.ttl = std::chrono::seconds{30}, .clear_first = false});
    bytes_ += commands_.size();
  }
  void removed(std::int64_t) override {}

  const events::EventFields watchlist_;
  history::History history_;
  stream::SpecificationStream stream_;
  live::Hub::Subscription subscription_;
  events::LastKnown known_;
  const redis::KeyNames names_;
  std::string commands_;
  std::uint64_t bytes_ = 0;
  std::uint64_t changes_ = 0;
};

void read_once(poller::Cycle& cycle, const std::vector<std::uint8_t>& bytes) {
  poller::Step step = cycle.begin(true);
  while (const auto* send = std::get_if<poller::SendRequest>(&step)) {
    const modbus::ReadRequest request = send->request;
    step = cycle.process({.request = request,
                          .registers = std::span(bytes).subspan(2UL * request.first, 2UL * request.count)});
  }
}

int run(std::uint64_t readings) {
  const profile::ProfilePtr profile = profile::Catalog::built_in().find("hgm9520n");
  live::Hub hub;
  reading::Numbering numbers;
  Consumers consumers(hub, *profile);
  poller::Cycle cycle(profile, modbus::Protocol::tcp);
  std::uint64_t before = 0;
  constexpr std::uint64_t warm = 20;
  for (std::uint64_t reading = 0; reading < readings + warm; ++reading) {
    const std::vector<std::uint8_t> bytes = registers_at(reading);
    if (reading == warm) before = allocations;
    read_once(cycle, bytes);
    if (cycle.failure()) return 1;
    const reading::Timestamp time{
        std::chrono::milliseconds{1'790'000'000'000 + 2'000 * static_cast<std::int64_t>(reading)}};
    const reading::SteadyTime steady{std::chrono::seconds{2 * reading}};
    hub.publish(
        reading::make_reading({.identity = {.device_id = 1, .site_code = "MKZ", .device_type = "generator"},
                               .profile = profile,
                               .timestamp = time,
                               .at = steady,
                               .online = true,
                               .error = {},
                               .last_seen = time,
                               .last_seen_at = steady,
                               .values = cycle.values(),
                               .seq = numbers.next_seq(),
                               .epoch = numbers.epoch()}));
    consumers.take_stream();
  }
  // One allocation, for the registers, is the test's own.
  const double each = static_cast<double>(allocations - before) / static_cast<double>(readings) - 1;
  std::printf("%.2f allocations a reading, %llu bytes, %llu changes\n", each,
              static_cast<unsigned long long>(consumers.bytes()),
              static_cast<unsigned long long>(consumers.changes()));
  return 0;
}

}  // namespace
}  // namespace gensetd

int main(int argc, char** argv) { return gensetd::run(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100); }
