#include "registry/service.hpp"

#include "real_database.hpp"
#include "registry/edits.hpp"
#include "registry/store.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

// With real databases and the real thread.
namespace gensetd::registry {
namespace {

using std::chrono::seconds;

boost::json::object body(const std::string& text) { return boost::json::parse(text).as_object(); }

const std::string mkz = R"({"name":"MKZ","code":"MKZ"})";
const std::string gen1 =
    R"({"site_id":1,"name":"Gen1","device_type":"generator","ip_address":"192.168.97.10"})";

struct RecordingListener final : ChangeListener {
  std::vector<std::string> events;
  void site_changed(const Site& site, const std::set<std::int64_t>& device_ids) override {
    events.push_back("site " + site.name);
    for (const std::int64_t id : device_ids) events.back() += " " + std::to_string(id);
  }
  void device_changed(const Device& device) override { events.push_back("device " + device.name); }
  void device_removed(std::int64_t id) override { events.push_back("removed " + std::to_string(id)); }
};

class ServiceTest : public testing::TestWithParam<Kind> {
 protected:
  ServiceTest() { open(); }

  void open() {
    service = std::make_unique<Service>(context.get_executor(), database.url(),
                                        std::make_shared<profile::Catalog>(profile::Catalog::built_in()));
    service->listen(&recorder);
  }

  // Runs the context until `done` holds; the deadline ends a test that hangs.
  template <class Done>
  void run_until(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + seconds{30};
    const auto work = boost::asio::make_work_guard(context);
    context.restart();
    while (!done() && std::chrono::steady_clock::now() < deadline)
      context.run_one_for(std::chrono::milliseconds{50});
    ASSERT_TRUE(done());
  }

  template <class T>
  Service::Handler<T> keep(std::optional<Result<T>>& place) {
    return [this, &place](Result<T> result) {
      place = std::move(result);
      recorder.events.push_back("handler");
    };
  }

  Result<Site> create_site(const std::string& text) {
    std::optional<Result<Site>> result;
    service->create_site(body(text), keep(result));
    EXPECT_FALSE(result.has_value());  // never inside the request
    run_until([&] { return result.has_value(); });
    return *result;
  }

  Result<Device> create_device(const std::string& text) {
    std::optional<Result<Device>> result;
    service->create_device(body(text), keep(result));
    run_until([&] { return result.has_value(); });
    return *result;
  }

  boost::asio::io_context context{1};
  RealDatabase database{GetParam()};
  RecordingListener recorder;
  std::unique_ptr<Service> service;
};

INSTANTIATE_TEST_SUITE_P(Databases, ServiceTest, testing::Values(Kind::sqlite, Kind::postgres),
                         testing::PrintToStringParamName());

TEST_P(ServiceTest, listener_is_notified_before_the_handler_and_the_copy_contains_the_change) {
  const auto site = create_site(mkz);
  const auto device = create_device(gen1);
  EXPECT_EQ(recorder.events, (std::vector<std::string>{"site MKZ", "handler", "device Gen1", "handler"}));
  EXPECT_EQ(service->directory().sites.at(1), std::get<Site>(site));
  EXPECT_EQ(service->directory().devices.at(1), std::get<Device>(device));
}

TEST_P(ServiceTest, change_is_notified_with_the_devices_concerned) {
  create_site(mkz);
  create_site(R"({"name":"YKZ","code":"YKZ"})");
  create_device(gen1);
  create_device(R"({"site_id":2,"name":"Gen2","device_type":"generator","ip_address":"192.168.97.11"})");
  using DeviceLists = std::vector<std::vector<std::int64_t>>;
  DeviceLists notified;
  service->on_change([&](const std::vector<std::int64_t>& device_ids) { notified.push_back(device_ids); });
  create_device(R"({"site_id":1,"name":"Gen3","device_type":"generator","ip_address":"192.168.97.12"})");
  std::optional<Result<Site>> site;
  service->update_site(1, body(R"({"name":"Moved"})"), keep(site));
  run_until([&] { return site.has_value(); });
  std::optional<Result<Device>> device;
  service->update_device(2, body(R"({"name":"Renamed"})"), keep(device));
  run_until([&] { return device.has_value(); });
  std::optional<Result<std::monostate>> removed;
  service->remove_device(3, keep(removed));
  run_until([&] { return removed.has_value(); });
  EXPECT_EQ(notified, (DeviceLists{{3}, {1, 3}, {2}, {3}}));
  EXPECT_NE(std::ranges::find(recorder.events, "site Moved 1 3"), recorder.events.end());
}

TEST_P(ServiceTest, site_change_names_the_current_devices_of_the_site) {
  create_site(mkz);
  create_site(R"({"name":"YKZ","code":"YKZ"})");
  for (const char* address : {"10", "11", "12"})
    create_device(R"({"site_id":1,"name":"G","device_type":"generator","ip_address":"192.168.97.)" +
                  std::string{address} + "\"}");
  std::optional<Result<Device>> moved;
  service->update_device(2, body(R"({"site_id":2})"), keep(moved));
  run_until([&] { return moved.has_value(); });
  std::optional<Result<std::monostate>> removed;
  service->remove_device(3, keep(removed));
  run_until([&] { return removed.has_value(); });
  recorder.events.clear();
  for (const std::int64_t id : {1, 2}) {
    std::optional<Result<Site>> site;
    service->update_site(id, body(R"({"name":"S"})"), keep(site));
    run_until([&] { return site.has_value(); });
  }
  EXPECT_EQ(recorder.events, (std::vector<std::string>{"site S 1", "handler", "site S 2", "handler"}));
}

TEST_P(ServiceTest, change_by_another_program_is_notified_with_the_devices_that_differ) {
  create_site(mkz);
  create_site(R"({"name":"YKZ","code":"YKZ"})");
  for (const char* address : {"10", "11", "12"})
    create_device(R"({"site_id":1,"name":"G","device_type":"generator","ip_address":"192.168.97.)" +
                  std::string{address} + "\"}");
  create_device(R"({"site_id":2,"name":"G4","device_type":"generator","ip_address":"192.168.97.13"})");
  std::set<std::int64_t> notified;
  service->on_change([&](const std::vector<std::int64_t>& ids) { notified.insert(ids.begin(), ids.end()); });
  Store other = Store::reopen(database.address());
  registry::update_device(other, 2, body(R"({"name":"Renamed"})"), {"hgm9520n"}, Timestamp{seconds{1}});
  registry::remove_device(other, 3);
  registry::update_site(other, 2, body(R"({"is_active":false})"), Timestamp{seconds{1}});
  run_until([&] { return notified.size() == 3; });
  EXPECT_EQ(notified, (std::set<std::int64_t>{2, 3, 4}));
}

TEST_P(ServiceTest, refused_request_changes_nothing_and_is_not_notified) {
  create_site(mkz);
  recorder.events.clear();
  EXPECT_EQ(std::get<Refusal>(create_site(mkz)).kind, Refusal::Kind::conflict);
  EXPECT_EQ(recorder.events, (std::vector<std::string>{"handler"}));
  EXPECT_EQ(service->directory().sites.size(), 1U);
}

TEST_P(ServiceTest, edit_that_changes_nothing_is_not_notified) {
  create_site(mkz);
  recorder.events.clear();
  std::optional<Result<Site>> result;
  service->update_site(1, body(R"({"name":"MKZ"})"), keep(result));
  run_until([&] { return result.has_value(); });
  EXPECT_EQ(recorder.events, (std::vector<std::string>{"handler"}));
}

TEST_P(ServiceTest, observer_gets_the_row_before_and_after) {
  std::vector<std::string> seen;
  const Service::ChangeObserver<Site> observer = [&](const std::optional<Site>& before,
                                                     const std::optional<Site>& after,
                                                     Service::ChangeOutcome outcome) {
    EXPECT_EQ(outcome, Service::ChangeOutcome::stored);
    seen.push_back((before ? before->name : "none") + " to " + (after ? after->name : "none"));
  };
  std::optional<Result<Site>> result;
  // All are outstanding at the same time: the second change finds the result of the first.
  service->create_site(body(mkz), keep(result), observer);
  service->update_site(1, body(R"({"name":"A"})"), keep(result), observer);
  service->update_site(1, body(R"({"name":"A"})"), keep(result), observer);
  service->update_site(2, body(R"({"name":"B"})"), keep(result), observer);
  std::optional<Result<std::monostate>> removed;
  service->remove_site(1, keep(removed), observer);
  run_until([&] { return removed.has_value(); });
  EXPECT_EQ(seen, (std::vector<std::string>{"none to MKZ", "MKZ to A", "A to none"}));
}

// Other ways to lose the confirmation are in tests/e2e/test_lost_commit.py.
TEST_P(ServiceTest, observer_gets_the_outcome_of_an_unconfirmed_change_later) {
  if (GetParam() == Kind::sqlite) GTEST_SKIP() << "no connection to lose";
  create_site(mkz);
  database.run_sql(
      "CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NULL; END $$");
  database.run_sql(
      "CREATE CONSTRAINT TRIGGER at_commit AFTER UPDATE ON sites DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION end_session()");
  std::vector<Service::ChangeOutcome> seen;
  const Service::ChangeObserver<Site> observer = [&](const std::optional<Site>& before,
                                                     const std::optional<Site>& after,
                                                     Service::ChangeOutcome outcome) {
    EXPECT_EQ(before->name, "MKZ");
    EXPECT_EQ(after->name, "A");
    seen.push_back(outcome);
  };
  std::optional<Result<Site>> result;
  service->update_site(1, body(R"({"name":"A"})"), keep(result), observer);
  run_until([&] { return result.has_value(); });
  EXPECT_EQ(std::get<Refusal>(*result).kind, Refusal::Kind::unavailable);
  run_until([&] { return !seen.empty(); });
  EXPECT_EQ(seen, std::vector{Service::ChangeOutcome::not_stored});
  EXPECT_EQ(service->directory().sites.at(1).name, "MKZ");
}

TEST_P(ServiceTest, removal_is_notified_and_removes_the_row) {
  create_site(mkz);
  create_device(gen1);
  recorder.events.clear();
  std::optional<Result<std::monostate>> result;
  service->remove_device(1, keep(result));
  run_until([&] { return result.has_value(); });
  EXPECT_EQ(recorder.events, (std::vector<std::string>{"removed 1", "handler"}));
  EXPECT_TRUE(service->directory().devices.empty());
}

TEST_P(ServiceTest, change_by_another_program_is_detected) {
  create_site(mkz);
  create_device(gen1);
  recorder.events.clear();
  Store other = Store::reopen(database.address());
  registry::update_device(other, 1, body(R"({"name":"Gen one"})"), {"hgm9520n"}, Timestamp{seconds{1}});
  registry::create_site(other, body(R"({"name":"YKZ","code":"YKZ"})"), Timestamp{seconds{1}});
  run_until([&] { return recorder.events.size() == 2; });
  std::ranges::sort(recorder.events);  // the first may be detected before the second is made
  EXPECT_EQ(recorder.events, (std::vector<std::string>{"device Gen one", "site YKZ"}));
}

TEST_P(ServiceTest, damaged_row_and_its_repair_are_notified_like_any_change) {
  create_site(mkz);
  create_device(gen1);
  create_device(gen1);
  recorder.events.clear();
  database.lift_rules();
  database.run_sql("UPDATE devices SET retry_delay = -1 WHERE id = 2");
  run_until([&] { return recorder.events.size() == 1; });
  EXPECT_EQ(recorder.events.front(), "device Gen1");
  EXPECT_EQ(service->directory().devices.at(2).damage.size(), 1U);
  EXPECT_TRUE(service->directory().devices.at(1).damage.empty());
  EXPECT_TRUE(service->healthy());
  database.run_sql("UPDATE devices SET retry_delay = 1 WHERE id = 2");
  run_until([&] { return recorder.events.size() == 2; });
  EXPECT_TRUE(service->directory().devices.at(2).damage.empty());
}

TEST_P(ServiceTest, start_with_damaged_rows_works) {
  create_site(mkz);
  create_device(gen1);
  service.reset();
  database.lift_rules();
  database.run_sql("UPDATE devices SET poll_interval = 0.00001, port = 0");
  database.run_sql("UPDATE sites SET name = ''");
  open();
  EXPECT_EQ(service->directory().devices.at(1).damage.size(), 2U);
  EXPECT_EQ(service->directory().sites.at(1).damage.size(), 1U);
}

TEST_P(ServiceTest, lost_database_refuses_changes_keeps_the_copy_and_is_reopened) {
  create_site(mkz);
  database.lose();
  const auto refused = create_site(R"({"name":"YKZ","code":"YKZ"})");
  EXPECT_EQ(std::get<Refusal>(refused).kind, Refusal::Kind::unavailable);
  EXPECT_FALSE(service->healthy());
  EXPECT_EQ(service->directory().sites.size(), 1U);
  database.bring_back();
  run_until([&] { return service->healthy(); });
  EXPECT_TRUE(std::holds_alternative<Site>(create_site(R"({"name":"YKZ","code":"YKZ"})")));
}

// SQLite reports the same error for a full disk and for a file that reached its page limit.
TEST_P(ServiceTest, disk_is_full_until_a_change_is_stored) {
  create_site(mkz);
  const auto limit_pages = [&](const std::string& count) {
    std::optional<Result<std::monostate>> done;
    service->run([&](Store& store) { store.session() << "PRAGMA max_page_count = " + count; }, keep(done));
    run_until([&] { return done.has_value(); });
  };
  const auto rename = [&](const std::string& name) {
    std::optional<Result<Site>> result;
    service->update_site(1, body(R"({"name":")" + name + R"("})"), keep(result));
    run_until([&] { return result.has_value(); });
    return std::holds_alternative<Site>(*result);
  };
  if (GetParam() == Kind::sqlite) {
    limit_pages("1");
  } else {
    database.run_sql(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE SQLSTATE ''53100''; "
        "END'");
    database.run_sql(
        "CREATE TRIGGER full_disk BEFORE INSERT ON sites FOR EACH ROW EXECUTE FUNCTION full_disk()");
  }
  EXPECT_FALSE(service->is_full());
  bool was_refused = false;
  for (int index = 0; index < 100 && !was_refused; ++index) {
    const auto result = create_site(R"({"name":"n","code":")" + std::to_string(index) +
                                    R"(","description":")" + std::string(1'900, 'x') + R"("})");
    if (const auto* refusal = std::get_if<Refusal>(&result)) {
      EXPECT_EQ(refusal->code, code_when_full);
      was_refused = true;
    }
  }
  ASSERT_TRUE(was_refused);
  EXPECT_TRUE(service->is_full());
  EXPECT_TRUE(service->healthy());
  EXPECT_TRUE(rename("MKZ")) << "it changes nothing, so it needs no space";
  EXPECT_TRUE(service->is_full());
  if (GetParam() == Kind::sqlite) {
    limit_pages("1000000");
  } else {
    database.run_sql("DROP TRIGGER full_disk ON sites");
  }
  EXPECT_TRUE(service->is_full()) << "no change was stored yet";
  EXPECT_TRUE(rename("Renamed"));
  EXPECT_FALSE(service->is_full());
}

// No client sends a change in the meantime.
TEST_P(ServiceTest, end_of_a_full_disk_is_found_without_a_request) {
  if (GetParam() == Kind::postgres) GTEST_SKIP() << "takes ten seconds, and is the same code";
  create_site(mkz);
  std::optional<Result<std::monostate>> done;
  service->run([&](Store& store) { store.session() << "PRAGMA max_page_count = 1"; }, keep(done));
  for (int index = 0; index < 100 && !service->is_full(); ++index)
    create_site(R"({"name":"n","code":")" + std::to_string(index) + R"(","description":")" +
                std::string(1'900, 'x') + R"("})");
  ASSERT_TRUE(service->is_full());
  run_until([&] { return !service->is_full(); });
}

TEST_P(ServiceTest, too_many_outstanding_requests_are_refused_and_the_others_stored) {
  std::size_t stored = 0;
  std::size_t refused = 0;
  for (std::size_t index = 0; index < Service::requests_max + 3; ++index) {
    const std::string code = std::to_string(index);
    service->create_site(body(R"({"name":"s","code":")" + code + R"("})"), [&](const Result<Site>& result) {
      if (std::holds_alternative<Site>(result)) {
        ++stored;
      } else if (std::get<Refusal>(result).kind == Refusal::Kind::unavailable) {
        ++refused;
      }
    });
  }
  run_until([&] { return stored + refused == Service::requests_max + 3; });
  EXPECT_EQ(refused, 3U);
  EXPECT_EQ(service->directory().sites.size(), Service::requests_max);
}

TEST_P(ServiceTest, accepted_requests_are_stored_and_handled_at_destruction) {
  std::optional<Result<Site>> result;
  service->create_site(body(mkz), keep(result));
  service.reset();
  context.restart();
  context.run_for(seconds{10});
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(std::holds_alternative<Site>(*result));
  EXPECT_EQ(recorder.events, (std::vector<std::string>{"handler"}));  // the listener may not exist any more
  open();
  EXPECT_EQ(service->directory().sites.at(1).code, "MKZ");
}

TEST(ServiceStart, error_names_a_database_that_cannot_be_opened) {
  boost::asio::io_context context{1};
  const auto catalog = std::make_shared<profile::Catalog>(profile::Catalog::built_in());
  try {
    const Service service(context.get_executor(), "sqlite:////nonexistent/folder/registry.sqlite", catalog);
    FAIL() << "opened";
  } catch (const std::runtime_error& error) {
    const std::string line = error.what();
    EXPECT_NE(line.find("/nonexistent/folder/registry.sqlite"), std::string::npos) << line;
    EXPECT_EQ(line.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace gensetd::registry
