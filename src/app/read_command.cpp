#include "app/read_command.hpp"

#include "app/reading_table.hpp"
#include "link/link.hpp"
#include "modbus/big_endian.hpp"
#include "poller/cycle.hpp"
#include "poller/describe.hpp"
#include "poller/transaction_of.hpp"
#include "profile/catalog.hpp"
#include "registry/address.hpp"
#include "registry/types.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

namespace gensetd::app {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

std::optional<std::uint16_t> number(std::string_view text, unsigned least, unsigned most) {
  unsigned value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || value < least || value > most)
    return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

struct BadOption : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Job {
  poller::Address address;
  profile::ProfilePtr profile;  // null with raw
  std::optional<std::pair<std::uint16_t, std::uint16_t>> raw;
  milliseconds timeout{2'000};
  milliseconds interval{2'000};
  bool watch = false;
  bool json = false;
};

profile::ProfilePtr profile_of(const ReadOptions& options) {
  const auto catalog = options.profiles_directory.empty()
                           ? profile::Catalog::built_in()
                           : profile::Catalog::with_directory(options.profiles_directory);
  const std::string name = options.profile.empty() ? "hgm9520n" : options.profile;
  if (auto found = catalog.find(name)) return found;
  if (!std::filesystem::is_regular_file(name))
    throw BadOption(
        fmt::format("--profile: '{}' is neither a profile nor a file; `gensetd profiles` lists them", name));
  std::ifstream stream(name, std::ios::binary);
  return catalog.parse(std::string{std::istreambuf_iterator<char>(stream), {}}, name);
}

Job job_of(const ReadOptions& options) {
  Job job;
  const auto where = parse_host_and_port(options.address);
  if (!where)
    throw BadOption(
        fmt::format("'{}' is not an address; give HOST, HOST:PORT or [IPV6]:PORT", options.address));
  job.profile = profile_of(options);
  auto protocol = std::optional{job.profile->protocol};
  if (!options.protocol.empty()) protocol = registry::protocol_from(options.protocol);
  if (!protocol)
    throw BadOption(fmt::format("--protocol: '{}' is neither tcp nor rtu_over_tcp", options.protocol));
  const bool serial = *protocol == modbus::Protocol::rtu_over_tcp;
  if (options.unit_id < (serial ? 1 : 0) || options.unit_id > (serial ? 247 : 255))
    throw BadOption(fmt::format("--unit: {} is out of range; {} takes {}", options.unit_id,
                                registry::to_word(*protocol), serial ? "1 to 247" : "0 to 255"));
  if (!(options.timeout_seconds >= 0.05 && options.timeout_seconds <= 60))
    throw BadOption(
        fmt::format("--timeout: {} is out of range; give 0.05 to 60 seconds", options.timeout_seconds));
  if (!(options.interval_seconds >= 0.1 && options.interval_seconds <= 86'400))
    throw BadOption(
        fmt::format("--interval: {} is out of range; give 0.1 to 86400 seconds", options.interval_seconds));
  if (!options.raw.empty()) {
    job.raw = parse_raw_range(options.raw);
    if (!job.raw)
      throw BadOption(
          fmt::format("--raw: '{}' is no range; give ADDR:COUNT, with a count of 1 to 125", options.raw));
  }
  job.address = {.host = where->first,
                 .port = where->second,
                 .unit_id = static_cast<std::uint8_t>(options.unit_id),
                 .protocol = *protocol};
  job.timeout = milliseconds{std::llround(options.timeout_seconds * 1000)};
  job.interval = milliseconds{std::llround(options.interval_seconds * 1000)};
  job.watch = options.watch;
  job.json = options.json;
  return job;
}

// Reads once, or again and again, on a context of its own.
class Technician final : public link::Requester {
 public:
  Technician(Job job, std::ostream& out, std::ostream& errors)
      : job_(std::move(job)),
        out_(out),
        errors_(errors),
        links_(context_),
        link_(links_.get(job_.address.host, job_.address.port)),
        cycle_(job_.profile, job_.address.protocol),
        timer_(context_),
        signals_(context_, SIGINT, SIGTERM) {}

  int run() {
    signals_.async_wait([this](boost::system::error_code aborted, int) {
      if (!aborted) context_.stop();
    });
    begin();
    context_.run();
    return status_;
  }

 private:
  void begin() {
    start_ = std::chrono::steady_clock::now();
    if (job_.raw) {
      ask({.first = job_.raw->first, .count = job_.raw->second});
    } else {
      follow(cycle_.begin(false));
    }
  }

  void ask(const modbus::ReadRequest& request) {
    link_->submit(*this, poller::transaction_of(job_.address, *job_.profile, request, job_.timeout));
  }

  void follow(const poller::Step& step) {
    if (const auto* next = std::get_if<poller::Ask>(&step)) {
      ask(next->request);
      while (const auto more = cycle_.ahead()) ask(more->request);
    } else if (std::holds_alternative<poller::Pause>(step)) {
      wait(milliseconds{200}, [this] { follow(cycle_.again()); });
    } else if (std::holds_alternative<poller::Finished>(step)) {
      end();
    }
  }

  void finished(const link::Outcome& outcome) override {
    if (!job_.raw) return follow(cycle_.took(outcome));
    if (outcome.error) {
      fail(outcome);
    } else {
      status_ = 0;
      out_ << raw_table(outcome.request.first, outcome.registers);
    }
    go_on();
  }

  void end() {
    if (cycle_.failure()) {
      fail(*cycle_.failure());
    } else {
      show();
    }
    go_on();
  }

  void show() {
    const auto now = std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
    const reading::Facts facts{
        .identity = {.device_type = std::string{registry::to_word(job_.profile->device_type)}},
        .profile = job_.profile,
        .timestamp = now,
        .online = true,
        .error = poller::describe(job_.address, *job_.profile, cycle_.refused()),
        .last_seen = now,
        .values = cycle_.values()};
    status_ = 0;
    if (job_.json) {
      out_ << reading::make_reading(facts)->json << '\n';
      return;
    }
    const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start_);
    if (job_.watch) out_ << "\033[H\033[2J";  // top left, clear the screen (ECMA-48)
    out_ << fmt::format("{} unit {} {}, {}, {} requests in {} ms\n",
                        poller::host_and_port(job_.address.host, job_.address.port), job_.address.unit_id,
                        job_.profile->name, reading::print_timestamp(now), cycle_.plan().size(),
                        took.count());
    out_ << reading_table(facts);
  }

  void fail(const link::Outcome& outcome) {
    status_ = 1;
    errors_ << poller::describe(job_.address, outcome, job_.timeout) << std::endl;
  }

  void go_on() {
    out_.flush();
    if (job_.watch) return wait(job_.interval, [this] { begin(); });
    context_.stop();
  }

  template <class Then>
  void wait(milliseconds time, Then then) {
    timer_.expires_after(time);
    timer_.async_wait([then](boost::system::error_code aborted) {
      if (!aborted) then();
    });
  }

  Job job_;
  std::ostream& out_;
  std::ostream& errors_;
  asio::io_context context_{1};
  link::Pool links_;
  std::shared_ptr<link::Link> link_;
  poller::Cycle cycle_;
  asio::steady_timer timer_;
  asio::signal_set signals_;
  std::chrono::steady_clock::time_point start_;
  int status_ = 1;
};

}  // namespace

std::optional<std::pair<std::string, std::uint16_t>> parse_host_and_port(std::string_view text) {
  std::string_view host = text;
  std::string_view port = "502";
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && !rest.starts_with(':')) return std::nullopt;
    if (!rest.empty()) port = rest.substr(1);
    if (host.find(':') == std::string_view::npos) return std::nullopt;
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos && colon == text.rfind(':')) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  const auto parsed = number(port, 1, 65'535);
  if (!parsed || !registry::is_address(host)) return std::nullopt;
  return std::pair{std::string{host}, *parsed};
}

std::optional<std::pair<std::uint16_t, std::uint16_t>> parse_raw_range(std::string_view text) {
  const auto colon = text.find(':');
  const auto first = number(text.substr(0, colon), 0, 65'535);
  const auto count = colon == std::string_view::npos
                         ? std::optional<std::uint16_t>{1}
                         : number(text.substr(colon + 1), 1, modbus::registers_per_request_max);
  if (!first || !count || *first + *count > 65'536) return std::nullopt;
  return std::pair{*first, *count};
}

int read_command(const ReadOptions& options, std::ostream& out, std::ostream& errors) {
  try {
    return Technician(job_of(options), out, errors).run();
  } catch (const std::exception& error) {
    errors << "gensetd read: " << error.what() << std::endl;
    return 2;
  }
}

}  // namespace gensetd::app
