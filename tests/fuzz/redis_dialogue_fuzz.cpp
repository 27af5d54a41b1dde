#include "check.hpp"
#include "live/hub.hpp"
#include "profile/catalog.hpp"
#include "redis/publisher.hpp"
#include "redis/reply.hpp"
#include "redis/subscriber.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace gensetd;
using redis::RedisReply;
using redis::ReplyReader;

namespace {

constexpr std::int64_t devices = 4;
constexpr reading::Epoch own_epoch = 1;
constexpr reading::Epoch other_epoch = 2;
constexpr std::chrono::seconds ttl{30};

profile::ProfilePtr profile_named(const char* name) {
  static const profile::Catalog catalog = profile::Catalog::built_in();
  return catalog.find(name);
}

reading::ReadingPtr reading_of(std::int64_t device, std::uint64_t seq, reading::Epoch epoch, bool is_genset) {
  reading::Content content{.identity = {device, "MKZ", "generator"},
                           .profile = profile_named(is_genset ? "hgm9520n" : "hgm9560"),
                           .online = true,
                           .seq = seq,
                           .epoch = epoch};
  content.values.assign(content.profile->fields.size(), static_cast<std::int64_t>(seq % 100));
  return reading::make_reading(std::move(content));
}

using Hash = std::map<std::string, std::string>;

Hash hash_of(const reading::Reading& reading) {
  Hash fields;
  reading::for_each_hash_field(
      *reading.content, [&](std::string_view name, std::string_view value) { fields.emplace(name, value); });
  return fields;
}

// The part of Redis that the publisher uses. It executes commands and returns the replies as bytes.
class FakeRedis {
 public:
  std::map<std::string, Hash> hashes;
  std::vector<std::string> published;
  std::string fault;  // the error reply to each HSET, while not empty

  void accept() {
    commands_.emplace();
    queue_.reset();
  }

  void take(std::string_view bytes, std::string& replies) {
    commands_->feed(bytes);
    RedisReply command;
    ReplyReader::Next next = commands_->next(command);
    for (; next == ReplyReader::Next::complete; next = commands_->next(command)) execute(command, replies);
    check(next == ReplyReader::Next::incomplete);
  }

 private:
  static std::vector<std::string> words_of(const RedisReply& command) {
    std::vector<std::string> words;
    for (const RedisReply& word : command.elements) words.push_back(word.text);
    check(!words.empty());
    return words;
  }

  void execute(const RedisReply& command, std::string& replies) {
    std::vector<std::string> words = words_of(command);
    if (words[0] == "MULTI") {
      queue_.emplace();
      replies += "+OK\r\n";
    } else if (words[0] == "EXEC") {
      check(queue_.has_value());
      replies += '*' + std::to_string(queue_->size()) + "\r\n";
      const auto queued = std::exchange(queue_, std::nullopt);
      for (const auto& one : *queued) run(one, replies);
    } else if (queue_) {
      queue_->push_back(std::move(words));
      replies += "+QUEUED\r\n";
    } else {
      run(words, replies);
    }
  }

  void run(const std::vector<std::string>& words, std::string& replies) {
    if (!fault.empty() && words[0] == "HSET") {
      replies += '-' + fault + "\r\n";
      return;
    }
    if (words[0] == "PING") {
      replies += "+PONG\r\n";
      return;
    }
    if (words[0] == "DEL") hashes.erase(words.at(1));
    if (words[0] == "HSET") {
      check(words.size() % 2 == 0 && words.size() > 2);
      for (std::size_t at = 2; at < words.size(); at += 2) hashes[words[1]][words[at]] = words[at + 1];
    }
    if (words[0] == "PUBLISH") published.push_back(words.at(2));
    replies += ":1\r\n";
  }

  std::optional<ReplyReader> commands_;  // of this connection
  std::optional<std::vector<std::vector<std::string>>> queue_;
};

// A daemon's publisher and subscriber, a Redis, and another process that writes to it.
class RedisScenario {
 public:
  RedisScenario() { publisher_.start(); }

  void apply(std::uint8_t kind, std::uint8_t number, std::span<const std::uint8_t> rest) {
    const std::int64_t device = number % devices + 1;
    const bool flag = number >= 128;
    switch (kind % 14) {
      case 0:
        hub_.publish(reading_of(device, ++seq_, own_epoch, flag));
        break;
      case 1:
        hub_.remove(device);
        break;
      case 2:
        open();
        break;
      case 3:
        close();
        break;
      case 4:
        send();
        break;
      case 5:
        deliver(number);
        break;
      case 6:
        receive_garbage(rest.first(std::min<std::size_t>(rest.size(), number % 16)));
        break;
      case 7:
        server_.fault = flag              ? ""
                        : number % 2 == 0 ? "OOM command not allowed"
                                          : "WRONGTYPE wrong kind of value";
        break;
      case 8:
        write_as_other_process(device, number);
        break;
      case 9:
        server_.hashes.clear();
        break;
      case 10:
        deliver_published();
        break;
      case 11:
        publisher_.publish_event("{}");
        break;
      case 12:
        now_ += std::chrono::seconds{number};
        hub_.expire_foreign(now_ - ttl);
        subscriber_.tidy();
        break;
      default:
        hub_.claim(device);
    }
    check_state();
  }

  // Finally Redis works, and contains the complete newest reading of each own device.
  void end() {
    if (is_open_) close();
    server_.fault.clear();
    open();
    while (!publisher_.is_idle()) {
      send();
      deliver(255);
      check(is_open_);
    }
    deliver_published();
    for (std::int64_t device = 1; device <= devices; ++device) check_key(device);
    check(health_->state().find("refused") == std::string::npos);
  }

 private:
  static reading::SteadyTime clock() { return now_; }

  void open() {
    if (is_open_) return;
    is_open_ = true;
    server_.accept();
    reader_.emplace();
    publisher_.opened();
    subscriber_.opened();
    std::string commands;
    subscriber_.append_commands(commands);
    check(commands.find("SUBSCRIBE") != std::string::npos);
  }

  // Sent commands have been executed; their replies are lost.
  void close() {
    if (!is_open_) return;
    is_open_ = false;
    replies_.clear();
    server_.published.clear();
    publisher_.closed();
    subscriber_.closed();
  }

  void send() {
    if (!is_open_) return;
    std::string outgoing;
    publisher_.append_commands(outgoing);
    server_.take(outgoing, replies_);
  }

  void deliver(std::size_t length_max) {
    if (!is_open_) return;
    const std::size_t length = length_max == 255 ? replies_.size() : std::min(length_max, replies_.size());
    reader_->feed(std::string_view{replies_}.substr(0, length));
    replies_.erase(0, length);
    RedisReply reply;
    ReplyReader::Next next = reader_->next(reply);
    for (; next == ReplyReader::Next::complete; next = reader_->next(reply)) {
      if (const redis::RedisFailure failure = publisher_.handle_reply(reply)) {
        check(failure.reason.find('\n') == std::string::npos);
        return close();
      }
    }
    if (next == ReplyReader::Next::broken) close();
  }

  // Redis, or another server in its place, sends anything.
  void receive_garbage(std::span<const std::uint8_t> bytes) {
    if (!is_open_) return;
    replies_.append(bytes.begin(), bytes.end());
    replies_ += "\r\n";
    deliver(255);
    if (is_open_) close();
  }

  void write_as_other_process(std::int64_t device, std::uint8_t number) {
    const auto reading = reading_of(device, ++others_seq_, other_epoch, number % 2 == 0);
    Hash& hash = server_.hashes[names_.metrics_key(device)];
    for (const auto& [name, value] : hash_of(*reading)) hash[name] = value;
    others_.insert(device);
    server_.published.push_back(reading->json);
  }

  // The subscriber receives all published readings, including this daemon's own.
  void deliver_published() {
    for (const std::string& json : std::exchange(server_.published, {})) {
      if (!is_open_) continue;
      RedisReply message{.type = RedisReply::Type::array};
      for (const std::string& text : {std::string{"message"}, names_.updates_channel, json})
        message.elements.push_back({.type = RedisReply::Type::text, .text = text});
      const redis::RedisFailure failure = subscriber_.handle_reply(message);
      check(!failure);
    }
  }

  void check_state() const {
    redis::RedisMetrics metrics;
    publisher_.add_to(metrics);
    subscriber_.add_to(metrics);
    check(metrics.waiting <= static_cast<std::size_t>(devices));
    check(metrics.pending <= redis::Publisher::pending_max);
    check(metrics.foreign_devices <= static_cast<std::size_t>(devices));
    for (const auto& reading : hub_.all()) {
      check(!reading->content || reading->seq <= seq_);
      check(reading->content || reading->epoch == reading::print_epoch(other_epoch));
    }
  }

  void check_key(std::int64_t device) const {
    const auto stored = server_.hashes.find(names_.metrics_key(device));
    const live::ReadingPtr newest = hub_.newest(device);
    const bool is_own = newest && newest->content;
    if (is_own) check(stored != server_.hashes.end() && stored->second == hash_of(*newest));
    if (!is_own && !others_.contains(device)) check(stored == server_.hashes.end());
  }

  static inline reading::SteadyTime now_{std::chrono::hours{1}};
  const redis::KeyNames names_{"p:"};
  live::Hub hub_;
  std::shared_ptr<redis::RedisHealth> health_ = std::make_shared<redis::RedisHealth>("127.0.0.1:6379");
  std::shared_ptr<redis::OtherWriters> other_writers_ =
      std::make_shared<redis::OtherWriters>("127.0.0.1:6379", ttl);
  redis::Publisher publisher_{hub_, health_, other_writers_, names_, [](std::int64_t) { return ttl; }};
  redis::Subscriber subscriber_{hub_, health_, other_writers_, names_, own_epoch, clock};
  FakeRedis server_;
  std::optional<ReplyReader> reader_;
  std::string replies_;            // not delivered yet
  std::set<std::int64_t> others_;  // devices that the other process has written
  std::uint64_t seq_ = 0;
  std::uint64_t others_seq_ = 0;
  bool is_open_ = false;
};

}  // namespace

// Two bytes for each event: readings, removals, connections that open and close, replies that are complete,
// in pieces, errors or garbage, and another process that writes the same keys. Finally each own hash is one
// complete reading.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  spdlog::set_level(spdlog::level::off);
  RedisScenario scenario;
  std::span<const std::uint8_t> rest{data, size};
  for (; rest.size() >= 2; rest = rest.subspan(2)) scenario.apply(rest[0], rest[1], rest.subspan(2));
  scenario.end();
  return 0;
}
