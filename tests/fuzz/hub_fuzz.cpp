#include "check.hpp"
#include "live/hub.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>

using namespace gensetd;
using std::chrono::milliseconds;

namespace {

constexpr std::int64_t devices = 6;
constexpr live::ForeignReadings limit{.devices = 3, .bytes = 120};

// The readings that a subscriber knows from its notifications.
class Mirror final : public live::ReadingListener {
 public:
  std::map<std::int64_t, live::ReadingPtr> known;

 private:
  void changed(const live::ReadingPtr& newest) override { known[newest->device_id] = newest; }
  void removed(std::int64_t device_id) override { check(known.erase(device_id) == 1); }
};

// A hub, the state that its callers expect, and two independent clocks.
class HubScenario {
 public:
  HubScenario() : to_all_(hub_.subscribe(all_)), to_some_(hub_.subscribe(some_, {1, 2})) {}

  void apply(std::uint8_t kind, std::int64_t device, std::uint8_t number) {
    switch (kind % 8) {
      case 0:
        publish_own(device, number);
        break;
      case 1:
        publish_foreign(device, "ab", number);
        break;
      case 2:
        publish_foreign(device, {}, number);
        break;
      case 3:
        hub_.remove(device);
        own_.erase(device);
        break;
      case 4:
        claim(device);
        break;
      case 5:
        steady_ += milliseconds{number * 10};
        break;
      case 6:
        // The wall clock is set, to any time.
        wall_ = reading::Timestamp{
            milliseconds{number % 2 == 0 ? -number * 1'000'000'000'000L : number * 1'000'000'000'000L}};
        break;
      default:
        hub_.expire_foreign(steady_ - milliseconds{number});
        for (const auto& one : hub_.all()) check(one->content || one->at >= steady_ - milliseconds{number});
    }
    check_state();
  }

 private:
  std::shared_ptr<reading::Reading> make_reading(std::int64_t device) const {
    auto one = std::make_shared<reading::Reading>();
    one->device_id = device;
    one->timestamp = wall_;
    one->at = steady_;
    return one;
  }

  void claim(std::int64_t device) {
    const bool was_foreign = foreign(device) != nullptr;
    check(hub_.claim(device) == was_foreign);
    own_.try_emplace(device, std::nullopt);
  }

  // A number below or above the last one.
  void publish_own(std::int64_t device, std::uint8_t number) {
    auto one = make_reading(device);
    one->content = std::make_shared<reading::Content>();
    one->seq = number;
    const auto place = own_.find(device);
    const bool is_newer = place == own_.end() || !place->second || number > *place->second;
    check(hub_.publish(one) == (is_newer ? live::PublishResult::newest : live::PublishResult::outdated));
    if (!is_newer) return;
    own_[device] = number;
    check(hub_.newest(device) == one);
  }

  void publish_foreign(std::int64_t device, const std::string& epoch, std::uint8_t number) {
    auto one = make_reading(device);
    one->epoch = epoch.empty() ? epoch : epoch.substr(number % 2, 1);
    one->seq = epoch.empty() ? 0 : number / 2 + 1;
    one->json.assign(number % 64, static_cast<char>('a' + number % 16));
    const live::ReadingPtr before = foreign(device);
    const live::PublishResult result = hub_.publish(one);
    check((result == live::PublishResult::polled_here) == own_.contains(device));
    if (result == live::PublishResult::newest && before && !epoch.empty() && before->epoch == one->epoch)
      check(one->seq > before->seq);
    if (result == live::PublishResult::outdated) check(before != nullptr);
    // A restarted publisher is accepted whatever its clock and its earlier readings were.
    if (before && one->epoch != before->epoch && one->json != before->json)
      check(result == live::PublishResult::newest || result == live::PublishResult::limit_reached);
    check(result != live::PublishResult::newest || hub_.newest(device) == one);
  }

  live::ReadingPtr foreign(std::int64_t device) const {
    const live::ReadingPtr newest = hub_.newest(device);
    return newest && !newest->content ? newest : nullptr;
  }

  void check_state() const {
    live::ForeignReadings seen;
    std::int64_t last = 0;
    const auto all = hub_.all();
    check(all.size() == all_.known.size());
    for (const live::ReadingPtr& one : all) {
      check(one->device_id > last);
      last = one->device_id;
      check(all_.known.at(last) == one);
      check((some_.known.count(last) == 1) == (last <= 2));
      const auto own = own_.find(last);
      check((own != own_.end()) == (one->content != nullptr));
      if (own != own_.end()) check(own->second == one->seq);
      if (one->content) continue;
      ++seen.devices;
      seen.bytes += one->json.size() + one->site_code.size();
    }
    check(seen.devices == hub_.foreign().devices && seen.bytes == hub_.foreign().bytes);
    check(seen.devices <= limit.devices && seen.bytes <= limit.bytes);
  }

  live::Hub hub_{limit};
  Mirror all_;
  Mirror some_;
  live::Hub::Subscription to_all_;
  live::Hub::Subscription to_some_;
  std::map<std::int64_t, std::optional<std::uint64_t>> own_;  // devices polled here; the newest number
  reading::SteadyTime steady_{std::chrono::hours{1}};
  reading::Timestamp wall_{};
};

}  // namespace

// Three bytes for each event: kind, device, and a number. Own readings always win and their numbers never
// decrease; readings of other processes are bounded; each subscriber knows exactly the readings of the hub.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  HubScenario scenario;
  std::span<const std::uint8_t> rest{data, size};
  for (; rest.size() >= 3; rest = rest.subspan(3)) scenario.apply(rest[0], rest[1] % devices + 1, rest[2]);
  return 0;
}
