#pragma once

#include "profile/catalog.hpp"
#include "registry/figures.hpp"
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

// Hears of each change once it is stored. Called on the service's executor.
class ChangeListener {
 public:
  // Created or edited; with the devices of it.
  virtual void site_changed(const Site& site, const std::set<std::int64_t>& device_ids) = 0;
  virtual void device_changed(const Device& device) = 0;  // created or edited
  virtual void device_removed(std::int64_t device_id) = 0;

 protected:
  ~ChangeListener() = default;
};

// Sites and devices: SQL on a thread of its own, and a copy in memory on the caller's executor that is always
// what the database holds. Use: construct (opens or creates the database and brings its schema up to date;
// throws std::runtime_error with one line for people), listen(), then requests. A handler is called on
// `executor`, never inside the request, after the listeners heard of the change. A change that another
// program makes to the same database is seen at once with PostgreSQL, within about a second with SQLite.
// While the database does not answer the copy stays as it is, requests are refused as unavailable at once,
// and the connection is tried anew each second. At most requests_max requests wait for their answer; more are
// refused as unavailable. All public functions: on `executor`'s thread.
class Service {
 public:
  static constexpr std::size_t requests_max = 256;

  // `database_url`: as parse_database_url() takes it.
  Service(boost::asio::any_io_executor executor, const std::string& database_url,
          const std::shared_ptr<const profile::Catalog>& profiles);

  // Finishes what was accepted, as far as the database answers soon (stop_soon()), then joins its thread. The
  // listener hears nothing any more; the handlers of what was accepted are still called if `executor` runs
  // on.
  ~Service();

  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Ahead of the destructor, so that it need not wait: a PostgreSQL server that does not answer is given up
  // within half a second, an attempt to connect at once, and neither is tried again.
  void stop_soon();

  void listen(ChangeListener* listener);  // one listener; null ends it

  // Called on `executor` after any change of sites or devices, behind the listener, with the devices that are
  // new, changed or gone or whose site is; empty: nobody.
  using ChangeHandler = std::function<void(const std::vector<std::int64_t>& device_ids)>;
  void when_changed(ChangeHandler hear);

  const Directory& directory() const;

  template <class T>
  using Handler = std::function<void(Result<T>)>;

  // How it is known what became of a change. When the connection is lost while the database stores it, the
  // handler hears that there was no answer; the witness is told later, when the row was looked at again.
  enum class Certainty : std::uint8_t {
    stored,      // the database said so
    found,       // the row is as the change makes it
    not_stored,  // the row is as it was before
    overtaken,   // the row is neither: somebody changed it since
    unknown,     // the program stopped before the database answered again
  };

  // Hears of a change: the row as its transaction found it, empty when it is new, and as the change makes it,
  // empty when it is removed. Of a change that was stored, before the handler hears of it.
  template <class T>
  using Witness =
      std::function<void(const std::optional<T>& before, const std::optional<T>& after, Certainty certainty)>;

  // `body` is a request's JSON object: validated completely, unknown fields refused. update: only the fields
  // given.
  void create_site(boost::json::object body, Handler<Site> handler, Witness<Site> witness = {});
  void update_site(std::int64_t id, boost::json::object body, Handler<Site> handler,
                   Witness<Site> witness = {});
  void remove_site(std::int64_t id, Handler<std::monostate> handler, Witness<Site> witness = {});
  void create_device(boost::json::object body, Handler<Device> handler, Witness<Device> witness = {});
  void update_device(std::int64_t id, boost::json::object body, Handler<Device> handler,
                     Witness<Device> witness = {});
  void remove_device(std::int64_t id, Handler<std::monostate> handler, Witness<Device> witness = {});

  // `use` runs on the thread of the SQL, for rooms that keep tables of their own in this database; it throws
  // what the store throws, and a Violation or NoRoom becomes a Refusal (code_when_full). Counts as a request.
  void run(std::function<void(Store&)> use, Handler<std::monostate> handler);

  const Figures& figures() const;
  bool healthy() const;  // whether the database answered last time
  // Whether its disk takes no changes of sites and devices: from the first one that it refused until one is
  // stored. One log line at each end.
  bool is_full() const;
  // Stamped by the thread of the SQL between its requests.
  const std::shared_ptr<supervision::Heartbeat>& heartbeat() const;

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace gensetd::registry
