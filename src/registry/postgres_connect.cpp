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

std::atomic<int> attempts_under_way = 0;

// Shared by the thread that connects and the one that waits for it.
struct Attempt {
  explicit Attempt(std::string text) : connection_string(std::move(text)) {}

  void run() {
    std::unique_ptr<soci::session> made;
    std::exception_ptr why_not;
    try {
      made = std::make_unique<soci::session>(soci::postgresql, connection_string);
    } catch (...) {
      why_not = std::current_exception();
    }
    {
      const std::lock_guard lock{mutex};
      session = std::move(made);
      failure = std::move(why_not);
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
  ++attempts_under_way;
  // Detached: nobody can end it, and a stop must not wait for it.
  std::thread{[own = attempt]() mutable {
    own->run();
    own.reset();
    --attempts_under_way;
  }}.detach();
  return attempt;
}

}  // namespace

bool is_connecting_to_postgres() { return attempts_under_way > 0; }

std::unique_ptr<soci::session> connect_postgres(const std::string& connection_string,
                                                const std::stop_token& stop) {
  thread_local std::shared_ptr<Attempt> under_way;
  if (!under_way || under_way->connection_string != connection_string) under_way = begin(connection_string);
  std::unique_ptr<soci::session> session;
  std::exception_ptr failure;
  {
    std::unique_lock lock{under_way->mutex};
    const bool over = under_way->changed.wait_for(lock, stop, connect_within, [] { return under_way->over; });
    if (!over && stop.stop_requested()) throw std::runtime_error("no connection before the stop");
    if (!over)
      throw std::runtime_error(
          fmt::format("the server takes connections, but is not ready within {} s", connect_within.count()));
    // Taken out, so that the other thread, which may end later, does not let go of what is read here.
    session = std::move(under_way->session);
    failure = std::move(under_way->failure);
  }
  under_way = nullptr;
  if (failure) std::rethrow_exception(failure);
  return session;
}

}  // namespace gensetd::registry
