#include "registry/service.hpp"

#include "reading/clocks.hpp"
#include "registry/profile_changes.hpp"
#include "registry/refusals.hpp"
#include "registry/service_worker.hpp"
#include "registry/unconfirmed_change.hpp"

#include <utility>

namespace gensetd::registry {
namespace {

namespace asio = boost::asio;

Timestamp now() { return reading::system_now(); }

}  // namespace

Service::Service(asio::any_io_executor executor, const std::string& database_url,
                 const std::shared_ptr<const profile::Catalog>& profiles)
    : worker_(std::make_unique<Worker>(std::move(executor), database_url, profiles)) {}

Service::~Service() = default;

void Service::stop_soon() { worker_->stop_soon(); }

void Service::listen(ChangeListener* listener) { worker_->cache().listener = listener; }

void Service::on_change(ChangeHandler handler) { worker_->cache().on_change = std::move(handler); }

void Service::use_profiles(const profile::Catalog& profiles) {
  worker_->profiles = std::make_shared<const ProfileNames>(profiles);
}

void Service::on_profiles_change(std::function<void()> handler) {
  worker_->cache().on_profiles_change = std::move(handler);
}

const Directory& Service::directory() const { return worker_->cache().directory(); }

const RegistryMetrics& Service::metrics() const { return worker_->cache().metrics; }

const std::shared_ptr<supervision::Heartbeat>& Service::heartbeat() const { return worker_->heartbeat; }

bool Service::healthy() const { return worker_->cache().healthy; }

bool Service::is_full() const { return worker_->cache().is_full; }

void Service::run(std::function<void(Store&)> use, Handler<std::monostate> handler) {
  worker_->submit<std::monostate>(
      [use = std::move(use)](Store& store) -> Result<std::monostate> {
        try {
          use(store);
        } catch (const DiskFull& full) {
          return refused_disk_full(full);
        } catch (const Violation& violation) {
          return refused_by_database(violation);
        }
        return std::monostate{};
      },
      [](DirectoryCache&, std::monostate) {}, std::move(handler), {}, {});
}

void Service::create_site(boost::json::object body, Handler<Site> handler,
                          const ChangeObserver<Site>& observer) {
  auto row_change = std::make_shared<RowChange<Site>>();
  worker_->submit<Site>(
      [body = std::move(body), row_change](Store& store) {
        return registry::create_site(store, body, now(), row_change.get());
      },
      [](DirectoryCache& cache, const Site& site) { cache.put(site); },
      with_observer<Site>(std::move(handler), observer, row_change), find_outcome(observer, row_change),
      differs(row_change));
}

void Service::update_site(std::int64_t id, boost::json::object body, Handler<Site> handler,
                          const ChangeObserver<Site>& observer) {
  auto row_change = std::make_shared<RowChange<Site>>();
  worker_->submit<Site>(
      [id, body = std::move(body), row_change](Store& store) {
        return registry::update_site(store, id, body, now(), row_change.get());
      },
      [](DirectoryCache& cache, const Site& site) { cache.put(site); },
      with_observer<Site>(std::move(handler), observer, row_change), find_outcome(observer, row_change),
      differs(row_change));
}

void Service::remove_site(std::int64_t id, Handler<std::monostate> handler,
                          const ChangeObserver<Site>& observer) {
  auto row_change = std::make_shared<RowChange<Site>>();
  worker_->submit<std::monostate>(
      [id, row_change](Store& store) { return registry::remove_site(store, id, row_change.get()); },
      [id](DirectoryCache& cache, std::monostate) { cache.erase_site(id); },
      with_observer<Site>(std::move(handler), observer, row_change), find_outcome(observer, row_change),
      differs(row_change));
}

void Service::create_device(boost::json::object body, Handler<Device> handler,
                            const ChangeObserver<Device>& observer) {
  auto row_change = std::make_shared<RowChange<Device>>();
  worker_->submit<Device>(
      [profiles = worker_->profiles, body = std::move(body), row_change](Store& store) {
        return registry::create_device(store, body, *profiles, now(), row_change.get());
      },
      [](DirectoryCache& cache, const Device& device) { cache.put(device); },
      with_observer<Device>(std::move(handler), observer, row_change), find_outcome(observer, row_change),
      differs(row_change));
}

void Service::update_device(std::int64_t id, boost::json::object body, Handler<Device> handler,
                            const ChangeObserver<Device>& observer) {
  auto row_change = std::make_shared<RowChange<Device>>();
  worker_->submit<Device>(
      [profiles = worker_->profiles, id, body = std::move(body), row_change](Store& store) {
        return registry::update_device(store, id, body, *profiles, now(), row_change.get());
      },
      [](DirectoryCache& cache, const Device& device) { cache.put(device); },
      with_observer<Device>(std::move(handler), observer, row_change), find_outcome(observer, row_change),
      differs(row_change));
}

void Service::change_profile(ProfileChange change, Handler<std::monostate> handler,
                             const ChangeObserver<StoredProfile>& observer) {
  auto row_change = std::make_shared<RowChange<StoredProfile>>();
  const std::string name = change.name;
  worker_->submit<std::monostate>(
      [base = worker_->base_profiles, change = std::move(change), row_change](Store& store) {
        return registry::change_profile(store, *base, change, now(), row_change.get());
      },
      [name, row_change](DirectoryCache& cache, std::monostate) {
        cache.put_profile(name, row_change->after);
      },
      with_observer<StoredProfile>(std::move(handler), observer, row_change),
      find_outcome(observer, row_change), differs(row_change));
}

void Service::remove_device(std::int64_t id, Handler<std::monostate> handler,
                            const ChangeObserver<Device>& observer) {
  auto row_change = std::make_shared<RowChange<Device>>();
  worker_->submit<std::monostate>(
      [id, row_change](Store& store) { return registry::remove_device(store, id, row_change.get()); },
      [id](DirectoryCache& cache, std::monostate) { cache.erase_device(id); },
      with_observer<Device>(std::move(handler), observer, row_change), find_outcome(observer, row_change),
      differs(row_change));
}

}  // namespace gensetd::registry
