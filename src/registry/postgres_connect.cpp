#include "registry/postgres_connect.hpp"

#include <fmt/format.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace gensetd::registry {
namespace {

constexpr std::chrono::seconds connect_within{10};

std::atomic<int> pending_attempts = 0;

// Shared by the connecting thread and the waiting thread.
struct Attempt {
  explicit Attempt(std::string text) : connection_string(std::move(text)) {}

  void run() {
    std::unique_ptr<soci::session> made;
    std::exception_ptr error;
    try {
      made = std::make_unique<soci::session>(soci::postgresql, connection_string);
    } catch (...) {
      error = std::current_exception();
    }
    {
      const std::lock_guard lock{mutex};
      session = std::move(made);
      failure = std::move(error);
      over = true;
    }
    changed.notify_one();
  }

  const std::string connection_string;
  std::mutex mutex;  // guards the others
  std::condition_variable_any changed;
  bool over = false;
  std::unique_ptr<soci::session> session;
  std::exception_ptr failure;
};

std::shared_ptr<Attempt> begin(const std::string& connection_string) {
  auto attempt = std::make_shared<Attempt>(connection_string);
  ++pending_attempts;
  // Detached: it cannot be interrupted, and a stop must not wait for it.
  std::thread{[own = attempt]() mutable {
    own->run();
    own.reset();
    --pending_attempts;
  }}.detach();
  return attempt;
}

}  // namespace

bool is_connecting_to_postgres() { return pending_attempts > 0; }

std::unique_ptr<soci::session> connect_postgres(const std::string& connection_string,
                                                const std::stop_token& stop) {
  thread_local std::shared_ptr<Attempt> pending;
  if (!pending || pending->connection_string != connection_string) pending = begin(connection_string);
  std::unique_ptr<soci::session> session;
  std::exception_ptr failure;
  {
    std::unique_lock lock{pending->mutex};
    const bool over = pending->changed.wait_for(lock, stop, connect_within, [] { return pending->over; });
    if (!over && stop.stop_requested()) throw std::runtime_error("no connection before the stop");
    if (!over)
      throw std::runtime_error(fmt::format("the server accepts connections, but is not ready within {} s",
                                           connect_within.count()));
    // Moved out, so that the other thread, which may end later, does not destroy them.
    session = std::move(pending->session);
    failure = std::move(pending->failure);
  }
  pending = nullptr;
  if (failure) std::rethrow_exception(failure);
  return session;
}

}  // namespace gensetd::registry
