#pragma once

#include "profile/catalog.hpp"
#include "registry/metrics.hpp"
#include "registry/types.hpp"
#include "supervision/heartbeat.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace gensetd::registry {

class Store;
struct ProfileChange;

// Is notified of each stored change, on the service's executor.
class ChangeListener {
 public:
  // Created or edited; `device_ids`: the devices of the site.
  virtual void site_changed(const Site& site, const std::set<std::int64_t>& device_ids) = 0;
  virtual void device_changed(const Device& device) = 0;  // created or edited
  virtual void device_removed(std::int64_t device_id) = 0;

 protected:
  ~ChangeListener() = default;
};

// The interface of the registry: SQL runs on its own thread, and a copy of the database is in memory on the
// caller's executor. Use: construct (opens or creates the database and upgrades its schema; throws
// std::runtime_error with one line for people), listen(), then requests. A handler is called on `executor`,
// never inside the request, and after the listeners. A change by another program is detected at once with
// PostgreSQL, within about a second with SQLite. While the database fails, the copy remains, requests are
// refused as unavailable at once, and the connection is retried each second. At most requests_max requests
// are outstanding; more are refused as unavailable. All public functions: on the thread of `executor`.
class Service {
 public:
  static constexpr std::size_t requests_max = 256;

  // `database_url`: as parse_database_url() takes it. `profiles`: those built in or in files, which uploads
  // do not replace.
  Service(boost::asio::any_io_executor executor, const std::string& database_url,
          const std::shared_ptr<const profile::Catalog>& profiles);

  // Finishes the accepted requests, as far as the database responds soon (stop_soon()), then joins its
  // thread. The listener is not notified any more. The handlers of accepted requests are still called if
  // `executor` continues to run.
  ~Service();

  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Call it before the destructor, to shorten the wait there: a PostgreSQL server that does not respond is
  // abandoned within half a second, an attempt to connect at once, and neither is retried.
  void stop_soon();

  void listen(ChangeListener* listener);  // one listener; null: none

  // Called on `executor` after any change of sites or devices, after the listener. `device_ids`: devices that
  // were added, changed or removed, or whose site was. An empty function: none.
  using ChangeHandler = std::function<void(const std::vector<std::int64_t>& device_ids)>;
  void on_change(ChangeHandler handler);

  // The profiles that requests may name from now on; at first those given to the constructor.
  void use_profiles(const profile::Catalog& profiles);

  // Called on `executor` after stored profiles have changed, before the listener is notified of devices that
  // changed with them. An empty function: none.
  void on_profiles_change(std::function<void()> handler);

  const Directory& directory() const;

  template <class T>
  using Handler = std::function<void(Result<T>)>;

  // Whether a change was stored. If the connection is lost during the commit, the handler gets a refusal (no
  // answer). The observer is notified later, after the row was read again.
  enum class ChangeOutcome : std::uint8_t {
    stored,      // the database confirmed the commit
    found,       // no confirmation; the row is as after the change
    not_stored,  // no confirmation; the row is as before the change
    overtaken,   // no confirmation; the row was changed again since
    unknown,     // no confirmation; the program stopped before the row could be read
  };

  // Is notified of a change. before: the row as the transaction found it, empty for a new row. after: the row
  // after the change, empty for a removed row. Called before the handler if the change was stored.
  template <class T>
  using ChangeObserver = std::function<void(const std::optional<T>& before, const std::optional<T>& after,
                                            ChangeOutcome outcome)>;

  // `body` is the JSON object of a request; it is validated completely, and unknown fields are refused.
  // update_…: changes only the fields in `body`.
  void create_site(boost::json::object body, Handler<Site> handler,
                   const ChangeObserver<Site>& observer = {});
  void update_site(std::int64_t id, boost::json::object body, Handler<Site> handler,
                   const ChangeObserver<Site>& observer = {});
  void remove_site(std::int64_t id, Handler<std::monostate> handler,
                   const ChangeObserver<Site>& observer = {});
  void create_device(boost::json::object body, Handler<Device> handler,
                     const ChangeObserver<Device>& observer = {});
  void update_device(std::int64_t id, boost::json::object body, Handler<Device> handler,
                     const ChangeObserver<Device>& observer = {});
  void remove_device(std::int64_t id, Handler<std::monostate> handler,
                     const ChangeObserver<Device>& observer = {});

  // Checks the change completely, in the transaction that stores it.
  void change_profile(ProfileChange change, Handler<std::monostate> handler,
                      const ChangeObserver<StoredProfile>& observer = {});

  // For modules with their own tables in this database: runs `use` on the SQL thread. `use` may throw what
  // Store throws; a Violation or DiskFull becomes a Refusal (code_when_full). Counts as a request.
  void run(std::function<void(Store&)> use, Handler<std::monostate> handler);

  const RegistryMetrics& metrics() const;
  bool healthy() const;  // whether the last use of the database worked
  // Whether the disk is full for changes of sites and devices; see DiskSpace.
  bool is_full() const;
  // Of the SQL thread, which calls beat() between requests.
  const std::shared_ptr<supervision::Heartbeat>& heartbeat() const;

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace gensetd::registry
