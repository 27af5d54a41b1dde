#include "registry/service_worker.hpp"

#include "registry/database.hpp"
#include "registry/database_url.hpp"
#include "registry/refusals.hpp"

#include <stdexcept>

namespace gensetd::registry {
namespace {

namespace asio = boost::asio;

// How often the database is checked for changes when there are no requests.
constexpr std::chrono::seconds check_interval{1};

// The wait after a failed attempt to find the outcome of a change.
constexpr std::chrono::seconds outcome_wait{10};

Refusal unavailable(std::string message) {
  return {.kind = Refusal::Kind::unavailable,
          .code = "registry_unavailable",
          .message = std::move(message),
          .field = {}};
}

}  // namespace

Refusal not_responding() {
  return unavailable("the registry database does not respond, nothing was changed; try again later");
}

Refusal response_lost() {
  return unavailable(
      "the registry database did not respond; check whether the change was made before you try again");
}

Refusal too_many_requests() {
  return unavailable("too many changes are waiting for the registry; try again later");
}

Service::Worker::Worker(asio::any_io_executor executor, const std::string& database_url,
                        std::shared_ptr<const profile::Catalog> catalog)
    : base_profiles(std::move(catalog)),
      profiles(std::make_shared<const ProfileNames>(*base_profiles)),
      executor_(std::move(executor)),
      store_(parse_database_url(database_url), stop_.get_token()) {
  auto whole = store_.load_if_changed();
  if (!whole) {
    throw std::runtime_error("the registry database cannot be read: " + store_.problem() +
                             "; restore it from a backup, or name another file in DATABASE_URL");
  }
  cache_->replace(std::move(*whole));
  thread_ = std::thread{[this] { run(); }};
}

Service::Worker::~Worker() {
  cache_->listener = nullptr;
  cache_->on_change = {};
  cache_->on_profiles_change = {};
  stop_.request_stop();
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  waiter_.notify();
  thread_.join();
}

std::optional<Service::Worker::Job> Service::Worker::next_job() {
  const std::lock_guard lock{mutex_};
  if (jobs_.empty()) return std::nullopt;
  std::optional<Job> job{std::move(jobs_.front())};
  jobs_.pop_front();
  return job;
}

bool Service::Worker::is_stopping() {
  const std::lock_guard lock{mutex_};
  return stopping_;
}

void Service::Worker::run() {
  while (true) {
    heartbeat->beat(std::chrono::steady_clock::now());
    if (std::optional<Job> job = next_job()) {
      supervision::attempt(supervision::Task::registry, {}, "its thread continues with the next request",
                           *job);
    } else if (is_stopping()) {
      return give_up_unconfirmed();
    } else {
      // While an update is posted the database is not checked, so the socket must not wake the thread.
      const int socket = update_posted_->load() ? -1 : store_.socket();
      if (waiter_.wait(socket, check_interval) == SocketWaiter::Reason::other)
        supervision::attempt(supervision::Task::registry, {}, "it is checked again in a second",
                             [this] { check_database(); });
    }
  }
}

void Service::Worker::test_disk_space() {
  if (!store_.is_working() || !disk_space_.is_test_due(std::chrono::steady_clock::now())) return;
  store_.attempt([&](Store& store) {
    try {
      store.test_write();
      disk_space_.note_stored();
    } catch (const DiskFull& full) {
      disk_space_.note_refused(refused_disk_full(full), std::chrono::steady_clock::now());
    } catch (const std::exception&) {
      // Another program may hold its lock for long, which must not close the store. If the connection is
      // lost, the next check of the database finds out.
      disk_space_.note_untested(std::chrono::steady_clock::now());
    }
  });
}

// Updates the cache after changes that were no request of this program. At most one such update is posted
// at a time.
void Service::Worker::check_database() {
  if (update_posted_->load()) return;
  auto whole = store_.load_if_changed();
  find_outcomes();
  test_disk_space();
  if (!whole && store_.is_working() == posted_healthy_ && disk_space_.is_full() == posted_full_) return;
  posted_healthy_ = store_.is_working();
  posted_full_ = disk_space_.is_full();
  const auto changed = std::make_shared<std::optional<Directory>>(std::move(whole));
  update_posted_->store(true);
  supervision::persist([&] {
    asio::post(executor_, [cache = cache_, posted = update_posted_, changed, healthy = posted_healthy_,
                           is_full = posted_full_] {
      posted->store(false);
      cache->healthy = healthy;
      cache->is_full = is_full;
      supervision::attempt(supervision::Task::registry, {}, "the next change includes it", [&] {
        if (*changed) cache->replace(std::move(**changed));
      });
    });
  });
}

// Each lost connection leaves at most one unconfirmed change. The lost connection may hold its locks for a
// while; that must not close the new one.
void Service::Worker::find_outcomes() {
  while (!unconfirmed_.empty() && store_.is_working() &&
         std::chrono::steady_clock::now() >= next_attempt_at_) {
    std::function<void()> report;
    bool is_found = false;
    const bool succeeded = store_.attempt([&](Store& store) {
      try {
        report = unconfirmed_.front()(&store);
        is_found = true;
      } catch (const std::exception&) {
        next_attempt_at_ = std::chrono::steady_clock::now() + outcome_wait;
      }
    });
    if (!succeeded || !is_found) return;
    unconfirmed_.pop_front();
    if (report) supervision::persist([&] { asio::post(executor_, report); });
  }
}

void Service::Worker::give_up_unconfirmed() {
  find_outcomes();
  for (const FindOutcome& one : unconfirmed_) {
    supervision::attempt(supervision::Task::registry, {}, "this change has no audit line", [&] {
      if (auto report = one(nullptr)) asio::post(executor_, std::move(report));
    });
  }
}

}  // namespace gensetd::registry
