#include "api/json_bodies.hpp"
#include "check.hpp"
#include "registry/import.hpp"
#include "registry/store.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <unistd.h>
#include <variant>

using namespace gensetd;
namespace json = boost::json;

namespace {

std::filesystem::path scratch_file() {
  static const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("gensetd-fuzz-" + std::to_string(::getpid()) + ".sqlite");
  static const int registered = std::atexit([] { std::filesystem::remove(file); });
  check(registered == 0);
  return file;
}

// Empty between two inputs.
registry::Store& store() {
  static registry::Store opened = [] {
    registry::Store store = registry::Store::create_or_open(registry::DatabaseAddress{scratch_file()});
    return store;
  }();
  return opened;
}

registry::Result<registry::Imported> import(const json::object& document) {
  static const profile::Catalog profiles = profile::Catalog::built_in();
  return registry::import_document(store(), document, profiles, registry::Timestamp{std::chrono::hours{1}});
}

json::object exported(const registry::Directory& directory) {
  const auto rows = [](const auto& from) {
    json::array list;
    for (const auto& [id, row] : from) list.push_back(json::parse(api::to_json(row)));
    return list;
  };
  json::object document;
  document["format"] = json::string_view(registry::export_format.data(), registry::export_format.size());
  document["sites"] = rows(directory.sites);
  document["devices"] = rows(directory.devices);
  return document;
}

void empty(const registry::Directory& directory) {
  store().change([&] {
    for (const auto& [id, device] : directory.devices) store().remove_device(id);
    for (const auto& [id, site] : directory.sites) store().remove_site(id);
    return true;
  });
}

}  // namespace

// A document is imported completely, and its export imports to the same rows; or it is refused with a reason
// on one line and no row is stored.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  json::error_code failed;
  const json::value parsed =
      json::parse(json::string_view(reinterpret_cast<const char*>(data), size), failed);
  if (failed || !parsed.is_object()) return 0;
  const auto result = import(parsed.get_object());
  const registry::Directory directory = store().load();
  if (const auto* refusal = std::get_if<registry::Refusal>(&result)) {
    check(directory.sites.empty() && directory.devices.empty());
    check(!refusal->code.empty() && !refusal->message.empty());
    check(refusal->message.find('\n') == std::string::npos);
    return 0;
  }
  const auto& imported = std::get<registry::Imported>(result);
  check(imported.sites == directory.sites.size() && imported.devices == directory.devices.size());
  empty(directory);
  const auto again = import(exported(directory));
  check(std::holds_alternative<registry::Imported>(again));
  check(store().load() == directory);
  empty(directory);
  return 0;
}
