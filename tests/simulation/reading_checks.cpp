#include "poller/every_register.hpp"
#include "poller_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

// The allowed contents of a reading (PRODUCT.md, Reading).
namespace gensetd::simulation {
namespace {

using std::chrono::milliseconds;

reading::Timestamp as_timestamp(Time wall) {
  return reading::Timestamp{std::chrono::floor<milliseconds>(wall)};
}

// A controller or gateway that is busy twice in a row refuses a block (V1.1b3, 7).
bool names_busy_exception(const std::string& error) {
  return std::ranges::any_of(std::array{5, 6, 10, 11}, [&](int code) {
    return error.find(fmt::format("(exception {})", code)) != std::string::npos;
  });
}

bool names_optional_block(const profile::Profile& profile, const std::string& error) {
  return std::ranges::any_of(profile.blocks, [&](const profile::Block& block) {
    return !block.is_always_read() && error.find(block.name) != std::string::npos;
  });
}

}  // namespace

void PollerChecks::published(const reading::Reading& published, std::uint64_t generation) {
  trace_.note(kernel_.now(), "publishes", published.json);
  const auto place = devices_.find(published.device_id);
  if (place == devices_.end()) return trace_.broken(kernel_.now(), "a reading of a device that is not there");
  Device& device = place->second;
  if (generation != device.generation) return broken(device, "a reading of what is polled no more");
  const reading::Content& content = *published.content;
  if (content.seq <= device.seq) broken(device, "its number did not grow");
  if (content.epoch != run_epoch) broken(device, "an epoch that is not the run's");
  // A turn on a shared line may not have come before the connection was given up.
  if (!device.start && device.on_line == 1 && !device.has_attempt_before)
    broken(device, "a reading without a cycle");
  if (content.error.find('\n') != std::string::npos) broken(device, "an error of more than one line");

  // A good cycle is the time of its values; a failed one contains the time of an earlier cycle.
  if (content.is_fresh())
    check_success(device, content);
  else
    check_failure(device, content);

  device.seq = content.seq;
  device.last_seen = content.last_seen;
  device.online = content.online;
  device.published_at = kernel_.now();
  device.last_start = device.start.value_or(kernel_.now());
  device.start.reset();
  device.sends = device.connects = 0;
  device.has_attempt_before = std::exchange(device.is_connecting, false);
  device.timeout_min = device.timeout_max = device.target.settings.modbus_timeout;
}

void PollerChecks::check_success(Device& device, const reading::Content& content) {
  if (!content.online) broken(device, "a good cycle, and not online");
  if (content.last_seen != content.timestamp)
    broken(device, "a good cycle whose last_seen is not its timestamp");
  // The moment when the cycle's last answer arrived; what came in pieces, or again, is judged when it is
  // whole. It follows the wall clock, which may have been set back since the reading before.
  const reading::Timestamp last_response = as_timestamp(device.last_response_wall);
  const bool exact = device.target.address.protocol == modbus::Protocol::tcp && !was_faulty(device) &&
                     is_calm(device.last_start);
  if (exact && content.timestamp != last_response)
    broken(device,
           fmt::format("timestamp {} is not when the last answer arrived, {}",
                       reading::print_timestamp(content.timestamp), reading::print_timestamp(last_response)));
  const auto& fields = content.profile->fields;
  bool all = true;
  for (std::size_t index = 0; index < fields.size(); ++index) {
    if (poller::is_condition(fields[index])) continue;
    if (content.values[index]) {
      ++metrics_.values;
      check_value(device, fields[index].address, *content.values[index]);
      continue;
    }
    const profile::Block& block = content.profile->blocks[fields[index].block];
    if (!block.is_always_read()) continue;
    all = false;
    const bool may_refuse = device.refusing || (device.start && device.refusing_changed_at >= *device.start);
    // On a serial line a request may reach into a neighbour's registers, so its neighbours are refused too.
    const bool its_block = fields[index].block == device.refused_block ||
                           device.target.address.protocol != modbus::Protocol::tcp;
    const bool is_refused = may_refuse && its_block;
    if (!is_refused && !was_busy(device, content.error))
      broken(device, "no value of a block that the controller answers");
    if (content.error.find(block.name) == std::string::npos)
      broken(device, fmt::format("block {} has no values and is not named: {}", block.name, content.error));
  }
  check_words(device, content);
  const bool lacks_details = names_optional_block(*content.profile, content.error);
  if (lacks_details) ++metrics_.without_details;
  if (all && !content.error.empty() && !lacks_details)
    broken(device, "a whole reading with an error: " + content.error);
  const bool refuses_base = device.refusing && content.profile->blocks[device.refused_block].is_always_read();
  if (all && refuses_base && device.target.address.protocol == modbus::Protocol::tcp && device.start &&
      device.refusing_changed_at < *device.start)
    broken(device, "values of a block that the controller refuses");
  all ? ++metrics_.good_readings : ++metrics_.partial_readings;
  device.values = content.values;
  device.good = true;
  device.failures = 0;
}

bool PollerChecks::was_faulty(const Device& device) const {
  return device.faults > 0 || (device.start && device.well_since >= *device.start);
}

bool PollerChecks::was_busy(const Device& device, const std::string& error) const {
  return was_faulty(device) && names_busy_exception(error);
}

// A word that this cycle did not read is as it was before.
void PollerChecks::check_words(Device& device, const reading::Content& content) {
  for (const std::size_t index : device.words.changed(content.alarm_words, content.timestamp)) {
    const profile::AlarmWord& word = content.profile->alarm_words[index];
    const reading::AlarmWord& known = (*content.alarm_words)[index];
    if (!known.raw) return broken(device, "an alarm word is unknown again");
    check_value(device, word.place.address, *known.raw);
    if (content.profile->blocks[word.block].is_always_read()) continue;
    ++metrics_.alarm_words;
    if (known.read_at != content.timestamp)
      broken(device, fmt::format("alarm word {} changed and was not read", word.place.address));
  }
  if (device.words.has_forgotten()) broken(device, "all alarm words are unknown again");
  device.last_words = content.alarm_words;
}

// Of this device, this register, and this cycle.
void PollerChecks::check_value(const Device& device, std::uint16_t address, std::int64_t value) {
  const auto raw = static_cast<std::uint16_t>(value);
  const auto number = static_cast<std::uint8_t>(device.target.identity.device_id);
  const poller::SteadyTime from{device.start.value_or(kernel_.now())};
  if (codes_->is_right(raw, number, address, from, poller::SteadyTime{kernel_.now()})) return;
  broken(device,
         fmt::format("register {} has the value {} of another device, register or time", address, raw));
}

void PollerChecks::check_failure(Device& device, const reading::Content& content) {
  ++metrics_.failed_readings;
  if (content.error.empty()) broken(device, "a failed cycle does not say what happened");
  if (content.values != device.values) broken(device, "a failed cycle changed values");
  if (content.alarm_words != device.last_words) broken(device, "a failed cycle changed alarm words");
  if (content.last_seen != device.last_seen) broken(device, "a failed cycle changed last_seen");
  if (is_calm(device.last_start) && content.timestamp != as_timestamp(kernel_.wall()))
    broken(device, "a failed cycle's timestamp is not now");
  ++device.failures;
  // OFFLINE_AFTER failed cycles in a row; a device that was never reached is not online.
  const bool online = device.online && device.failures < device.target.settings.offline_after;
  if (content.online != online)
    broken(device, fmt::format("after {} failed cycles online is {}", device.failures, content.online));
  if (device.online && !content.online) ++metrics_.losses;
  // Each with its retry, if the device had responded before.
  if (device.good && device.sends > 0 && device.sends + device.connects < 2)
    broken(device, "a cycle failed without a second attempt: " + content.error);
  device.good = false;
}

}  // namespace gensetd::simulation
