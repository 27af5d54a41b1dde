#pragma once

#include "registry/directory_cache.hpp"
#include "registry/disk_space.hpp"
#include "registry/reconnecting_store.hpp"
#include "registry/service.hpp"
#include "registry/socket_waiter.hpp"
#include "registry/unconfirmed_change.hpp"
#include "supervision/exceptions.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <variant>

namespace gensetd::registry {

// Longer than the timeouts of the database (connecting, statements, locks), which end each wait earlier.
inline constexpr std::chrono::seconds hang_timeout{30};

// Why a request has no result although it was valid.
Refusal not_responding();  // it was not started
Refusal response_lost();   // it was started: the change may have been stored
Refusal too_many_requests();

// The SQL thread. The way of a request: submit() on the executor's thread; its edit on the worker's thread;
// its result is posted to the executor, where first the cache is updated, then the listener is notified, then
// the handler is called.
class Service::Worker {
 public:
  Worker(boost::asio::any_io_executor executor, const std::string& database_url,
         std::shared_ptr<const profile::Catalog> catalog);

  ~Worker();

  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  DirectoryCache& cache() { return *cache_; }

  // `edit` runs on the worker's thread. After success `put` updates the cache, then `handler` gets the
  // result. `find_outcome`: for an unconfirmed edit; may be empty. `has_changed`: whether a stored edit
  // changed a row; empty for Service::run().
  template <class T>
  void submit(std::function<Result<T>(Store&)> edit, std::function<void(DirectoryCache&, const T&)> put,
              Handler<T> handler, FindOutcome find_outcome, std::function<bool()> has_changed) {
    const bool responds = cache_->healthy && !heartbeat->hangs(std::chrono::steady_clock::now());
    if (!responds || cache_->metrics.waiting >= requests_max) {
      ++cache_->metrics.unavailable;
      Refusal refusal = responds ? too_many_requests() : not_responding();
      return boost::asio::post(executor_, [handler = std::move(handler), refusal = std::move(refusal)] {
        handler(Result<T>{refusal});
      });
    }
    ++cache_->metrics.waiting;
    // Keeps the executor's context running until the result is delivered.
    boost::asio::executor_work_guard<boost::asio::any_io_executor> keep_running{executor_};
    Job job = [this, edit = std::move(edit), put = std::move(put), handler = std::move(handler),
               find_outcome = std::move(find_outcome), keep_running = std::move(keep_running),
               has_changed = std::move(has_changed),
               requested_at = std::chrono::steady_clock::now()]() mutable {
      // The result is posted in any case: a client waits for it.
      struct Delivery {
        Result<T> result = not_responding();
        std::optional<Directory> whole;
      };
      const auto delivery = std::make_shared<Delivery>();
      const auto failed = "this request is refused as unavailable";
      supervision::attempt(supervision::Task::registry, {}, failed, [&] {
        // If the store has failed, refuse at once instead of waiting for a new connection; check_database()
        // reopens it.
        const bool tried = store_.is_working();
        const bool succeeded = tried && store_.attempt([&](Store& store) { delivery->result = edit(store); });
        if (tried && !succeeded) {
          delivery->result = response_lost();
          if (find_outcome) unconfirmed_.push_back(find_outcome);
        }
        if (has_changed) note_disk_space(delivery->result, has_changed);
        posted_healthy_ = store_.is_working();
        posted_full_ = disk_space_.is_full();
        if (succeeded) delivery->whole = store_.load_if_changed();
      });
      auto deliver = [cache = cache_, delivery, healthy = store_.is_working(),
                      is_full = disk_space_.is_full(), put = std::move(put), handler = std::move(handler),
                      keep_running = std::move(keep_running), is_module = !has_changed, requested_at] {
        --cache->metrics.waiting;
        auto& time = is_module ? cache->metrics.module_time : cache->metrics.request_time;
        time.note(std::chrono::steady_clock::now() - requested_at);
        cache->healthy = healthy;
        cache->is_full = is_full;
        supervision::attempt(supervision::Task::registry, {},
                             "the change is stored, and is loaded with the next change", [&] {
                               if (delivery->whole) {
                                 // Contains this change, and possibly newer ones of other programs.
                                 cache->replace(std::move(*delivery->whole));
                               } else if (const T* value = std::get_if<T>(&delivery->result)) {
                                 put(*cache, *value);
                               }
                             });
        handler(std::move(delivery->result));
      };
      supervision::persist([&] { boost::asio::post(executor_, deliver); });
    };
    {
      const std::lock_guard lock{mutex_};
      jobs_.push_back(std::move(job));
    }
    waiter_.notify();
  }

  void stop_soon() { stop_.request_stop(); }

  const std::shared_ptr<const profile::Catalog> base_profiles;  // built in or in files
  std::shared_ptr<const ProfileNames> profiles;                 // only on the executor's thread
  const std::shared_ptr<supervision::Heartbeat> heartbeat = std::make_shared<supervision::Heartbeat>(
      "registry thread", hang_timeout, std::chrono::steady_clock::now());

 private:
  using Job = std::function<void()>;
  std::optional<Job> next_job();

  bool is_stopping();
  void run();

  template <class T>
  void note_disk_space(const Result<T>& result, const std::function<bool()>& has_changed) {
    if (const auto* refusal = std::get_if<Refusal>(&result)) {
      disk_space_.note_refused(*refusal, std::chrono::steady_clock::now());
    } else if (has_changed()) {
      disk_space_.note_stored();
    }
  }

  void test_disk_space();
  void check_database();

  void find_outcomes();
  void give_up_unconfirmed();

  boost::asio::any_io_executor executor_;
  std::shared_ptr<DirectoryCache> cache_ =
      std::make_shared<DirectoryCache>();  // outlives the worker until posted results are delivered
  std::shared_ptr<std::atomic<bool>> update_posted_ = std::make_shared<std::atomic<bool>>(false);

  std::stop_source stop_;

  // Only on the worker's thread, once it runs.
  ReconnectingStore store_;
  DiskSpace disk_space_;
  bool posted_healthy_ = true;
  bool posted_full_ = false;
  std::deque<FindOutcome> unconfirmed_;  // changes without confirmation
  std::chrono::steady_clock::time_point next_attempt_at_;

  SocketWaiter waiter_;
  std::mutex mutex_;  // guards the next two; at most requests_max jobs, as each is counted in metrics.waiting
  std::deque<Job> jobs_;
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace gensetd::registry
