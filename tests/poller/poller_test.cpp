#include "poller/poller.hpp"

#include "simulator/simulator.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace gensetd::poller {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::uint16_t gen_status = 260;  // specification, HGM9520N

// Controllers on a thread of their own, so that they respond while the test's thread does not run its loop.
class Plant {
 public:
  explicit Plant(simulator::SimulatorOptions options) {
    options.trace = [this](const std::string& line) {
      if (line.find(" reads ") != std::string::npos) ++requests_;
      if (line.ends_with(": disconnected")) ++connections_ended_;
    };
    simulator_ = std::make_unique<simulator::Simulator>(context_, std::move(options));
    ports_ = simulator_->ports();
  }
  ~Plant() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }
  Plant(const Plant&) = delete;
  Plant& operator=(const Plant&) = delete;

  void set_register(std::size_t listening, std::size_t controller, std::uint16_t address, std::uint16_t raw) {
    simulator_->set_register(listening, controller, address, raw);  // before start() only
  }
  void start() {
    simulator_->start();
    thread_ = std::thread([this] { context_.run(); });
  }
  std::uint16_t port(std::size_t listening) const { return ports_.at(listening); }
  std::uint64_t requests() const { return requests_; }
  std::uint64_t connections_ended() const { return connections_ended_; }

 private:
  std::atomic<std::uint64_t> requests_ = 0;
  std::atomic<std::uint64_t> connections_ended_ = 0;
  boost::asio::io_context context_{1};
  std::unique_ptr<simulator::Simulator> simulator_;
  std::vector<std::uint16_t> ports_;
  std::thread thread_;
};

// All readings published to the hub, in order.
class RecordingListener final : public live::ReadingListener {
 public:
  void changed(const live::ReadingPtr& newest) override { readings.push_back(newest); }
  void removed(std::int64_t) override {}
  std::vector<live::ReadingPtr> readings;
};

class PollerTest : public testing::Test {
 protected:
  // Before there are threads: the first use of the log creates it.
  PollerTest() { spdlog::set_level(spdlog::level::err); }
  ~PollerTest() override { spdlog::set_level(spdlog::level::info); }

  void register_device(std::int64_t id, std::uint16_t port, std::uint8_t unit_id = 1) {
    directory.sites[1] = {.id = 1, .name = "MKZ", .code = "MKZ"};
    directory.devices[id] = {.id = id,
                             .site_id = 1,
                             .name = "Genset " + std::to_string(id),
                             .profile = "hgm9520n",
                             .ip_address = "127.0.0.1",
                             .port = port,
                             .slave_id = unit_id};
  }

  void start(std::size_t threads) {
    const PollSettings settings{
        .poll_interval = 100ms, .modbus_timeout = 10s, .retry_delay = 100ms, .offline_after = 1};
    poller =
        std::make_unique<Poller>(context, catalog, directory, hub, numbering,
                                 Poller::Options{.defaults = settings, .policy = {}, .threads = threads});
    poller->start();
  }

  void run_until(const std::function<bool()>& done) {
    const auto limit = steady_clock::now() + 30s;
    while (!done()) {
      ASSERT_LT(steady_clock::now(), limit) << "did not happen";
      context.run_one_for(100ms);
    }
  }

  template <class T>
  T result_of(boost::asio::awaitable<T> query) {
    std::optional<T> found;
    boost::asio::co_spawn(context, std::move(query),
                          [&found](const std::exception_ptr&, T result) { found = std::move(result); });
    run_until([&] { return found.has_value(); });
    return std::move(*found);
  }

  bool is_online(std::int64_t id) const {
    const live::ReadingPtr newest = hub.newest(id);
    return newest && newest->content->online;
  }

  profile::Value value(const reading::Reading& of, std::string_view name) const {
    const auto& fields = of.content->profile->fields;
    for (std::size_t index = 0; index < fields.size(); ++index)
      if (fields[index].name == name) return of.content->values[index];
    ADD_FAILURE() << "no field " << name;
    return std::nullopt;
  }

  boost::asio::io_context context{1};
  profile::Catalog catalog = profile::Catalog::built_in();
  registry::Directory directory;
  live::Hub hub;
  reading::Numbering numbering;
  std::unique_ptr<Poller> poller;
};

TEST_F(PollerTest, each_of_many_devices_on_several_threads_has_its_own_values) {
  constexpr std::int64_t devices = 12;
  Plant plant(simulator::many_gensets(catalog, devices, 0, false, 1));
  for (std::int64_t id = 1; id <= devices; ++id) {
    const auto index = static_cast<std::size_t>(id - 1);
    plant.set_register(index, 0, gen_status, static_cast<std::uint16_t>(id));
    register_device(id, plant.port(index));
  }
  plant.start();
  start(4);
  run_until([&] { return poller->devices_online() == devices; });
  for (std::int64_t id = 1; id <= devices; ++id)
    EXPECT_EQ(value(*hub.newest(id), "gen_status"), profile::Value{id});

  const AllTotals totals = result_of(poller->totals());
  EXPECT_GE(totals.polling.counters.cycles, static_cast<std::uint64_t>(devices));
  EXPECT_EQ(totals.links.links, static_cast<std::size_t>(devices));
  const auto metrics = result_of(poller->metrics(poller->device_ids()));
  EXPECT_EQ(metrics.size(), static_cast<std::size_t>(devices));
  for (const DeviceAndLink& one : metrics) EXPECT_TRUE(one.link.connected) << one.link.address;
}

TEST_F(PollerTest, devices_behind_one_port_share_its_link_whatever_the_threads) {
  Plant plant(simulator::many_gensets(catalog, 3, 0, true, 1));
  for (std::uint8_t unit = 1; unit <= 3; ++unit) register_device(unit, plant.port(0), unit);
  plant.start();
  start(4);
  run_until([&] { return poller->devices_online() == 3; });
  const auto diagnostics = result_of(poller->diagnostics(2));
  ASSERT_TRUE(diagnostics);
  EXPECT_EQ(diagnostics->other_devices, (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(result_of(poller->totals()).links.links, 1U);
}

TEST_F(PollerTest, readings_of_the_former_address_are_discarded_after_the_change) {
  Plant plant(simulator::many_gensets(catalog, 1, 0, false, 1));
  register_device(1, plant.port(0));
  plant.start();
  start(2);
  run_until([&] { return is_online(1); });

  // Two cycles are read while their readings are not taken.
  const std::uint64_t requests_until = plant.requests() + 20;
  const auto limit = steady_clock::now() + 30s;
  while (plant.requests() < requests_until) {
    ASSERT_LT(steady_clock::now(), limit);
    std::this_thread::yield();
  }
  RecordingListener listener;
  const auto subscription = hub.subscribe(listener);
  directory.devices[1].ip_address = "127.0.0.2";  // where nothing listens
  static_cast<registry::ChangeListener&>(*poller).device_changed(directory.devices[1]);
  std::size_t online_max = 0;
  run_until([&] {
    online_max = std::max(online_max, poller->devices_online());
    return listener.readings.size() >= 2;
  });

  EXPECT_EQ(online_max, 0U);
  const std::string unread = "127.0.0.2:" + std::to_string(plant.port(0)) + " unit 1: not read yet";
  EXPECT_EQ(listener.readings[0]->content->error, unread);
  for (const live::ReadingPtr& reading : listener.readings) {
    EXPECT_FALSE(reading->content->online);
    EXPECT_EQ(value(*reading, "gen_status"), std::nullopt) << reading->json;
    EXPECT_NE(reading->content->error.find("127.0.0.2:"), std::string::npos) << reading->content->error;
  }
}

// Another process has published a device of that id, with a clock that is 20 hours ahead.
TEST_F(PollerTest, device_published_by_another_process_is_own_as_soon_as_it_is_registered) {
  Plant plant(simulator::many_gensets(catalog, 1, 0, false, 1));
  plant.start();
  start(1);
  const auto foreign = [](int number) {
    auto made = std::make_shared<reading::Reading>();
    made->device_id = 1;
    made->timestamp = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now() + 20h);
    made->at = steady_clock::now();
    made->json = std::to_string(number);
    return made;
  };
  EXPECT_EQ(hub.publish(foreign(1)), live::PublishResult::newest);
  RecordingListener listener;
  const auto subscription = hub.subscribe(listener);
  register_device(1, plant.port(0));
  static_cast<registry::ChangeListener&>(*poller).device_changed(directory.devices[1]);
  ASSERT_EQ(listener.readings.size(), 1U) << "at once";
  EXPECT_NE(listener.readings[0]->content->error.find("not read yet"), std::string::npos);
  int number = 1;
  run_until([&] {
    EXPECT_EQ(hub.publish(foreign(++number)), live::PublishResult::polled_here);
    return is_online(1);
  });
  std::uint64_t last = 0;
  for (const live::ReadingPtr& reading : listener.readings) {
    EXPECT_GT(reading->seq, last);
    last = reading->seq;
  }
  directory.devices.erase(1);
  static_cast<registry::ChangeListener&>(*poller).device_removed(1);
  EXPECT_EQ(hub.publish(foreign(++number)), live::PublishResult::newest) << "it is not polled here any more";
}

TEST_F(PollerTest, numbers_of_a_device_grow_through_changes_removal_and_return) {
  Plant plant(simulator::many_gensets(catalog, 1, 0, false, 1));
  register_device(1, plant.port(0));
  plant.start();
  start(3);
  RecordingListener listener;
  const auto subscription = hub.subscribe(listener);
  auto& changes = static_cast<registry::ChangeListener&>(*poller);
  const registry::Device good = directory.devices[1];
  for (int round = 0; round < 3; ++round) {
    run_until([&] { return is_online(1); });
    directory.devices[1].ip_address = "127.0.0.2";
    changes.device_changed(directory.devices[1]);
    run_until([&] { return !listener.readings.back()->content->online; });
    changes.device_removed(1);
    directory.devices[1] = good;
    changes.device_changed(good);
  }
  poller->stop();
  std::uint64_t last = 0;
  for (const live::ReadingPtr& reading : listener.readings) {
    EXPECT_GT(reading->seq, last);
    EXPECT_EQ(reading->content->epoch, numbering.epoch());
    last = reading->seq;
  }
}

TEST_F(PollerTest, stop_publishes_each_device_once_with_its_last_values) {
  Plant plant(simulator::many_gensets(catalog, 4, 0, false, 1));
  for (std::int64_t id = 1; id <= 4; ++id) register_device(id, plant.port(static_cast<std::size_t>(id - 1)));
  for (std::size_t index = 0; index < 4; ++index) plant.set_register(index, 0, gen_status, 9);
  plant.start();
  start(3);
  run_until([&] { return poller->devices_online() == 4; });
  RecordingListener listener;
  const auto subscription = hub.subscribe(listener);
  poller->stop();
  run_until([&] { return plant.connections_ended() == 4; });  // so the threads publish nothing after it
  context.poll();
  ASSERT_EQ(listener.readings.size(), 4U);
  for (const live::ReadingPtr& last : listener.readings) {
    EXPECT_FALSE(last->content->online);
    EXPECT_EQ(last->content->error, "gateway stopped");
    EXPECT_EQ(value(*last, "gen_status"), profile::Value{9});
  }
  EXPECT_EQ(poller->devices_online(), 0U);
}

TEST_F(PollerTest, pending_query_ends_with_the_poller) {
  Plant plant(simulator::many_gensets(catalog, 1, 0, false, 1));
  register_device(1, plant.port(0));
  plant.start();
  start(2);
  int begun = 0;
  auto query_totals = [&begun](Poller& of) -> boost::asio::awaitable<void> {
    ++begun;
    co_await of.totals();
  };
  for (int query = 0; query < 10; ++query)
    boost::asio::co_spawn(context, query_totals(*poller), boost::asio::detached);
  while (begun < 10) context.poll_one();
  poller->stop();
  poller.reset();
  context.run_for(100ms);
}

}  // namespace
}  // namespace gensetd::poller
