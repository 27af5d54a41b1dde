#include "commands/registry_command.hpp"

#include "api/json_bodies.hpp"
#include "commands/file_contents.hpp"
#include "commands/read_options.hpp"
#include "daemon/default_database.hpp"
#include "daemon/settings.hpp"
#include "profile/catalog.hpp"
#include "reading/clocks.hpp"
#include "registry/database.hpp"
#include "registry/fields.hpp"
#include "registry/import.hpp"
#include "registry/store.hpp"

#include <boost/json/stream_parser.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace gensetd::commands {
namespace {

namespace fs = std::filesystem;

// Only the settings of the registry, so that mistakes in other settings do not stop the command.
daemon::Settings settings_of(const RegistryOptions& options) {
  daemon::SettingInputs given;
  if (!options.settings_file.empty()) daemon::read_settings_file(options.settings_file, given);
  daemon::read_environment(given);
  std::erase_if(given,
                [](const auto& entry) { return entry.first != "DATABASE_URL" && entry.first != "PROFILES"; });
  daemon::Settings settings = daemon::parse_settings(given);
  if (!options.profiles_directory.empty()) settings.profiles = options.profiles_directory;
  daemon::complete_database_url(
      settings, options.import ? daemon::MissingDirectory::create : daemon::MissingDirectory::leave);
  return settings;
}

// One row per line, each as in the API.
template <class Rows>
std::string lines_of(const Rows& rows) {
  std::string text;
  for (const auto& [id, row] : rows) text += (text.empty() ? "\n" : ",\n") + api::to_json(row);
  return text;
}

std::string document_of(const registry::Directory& directory) {
  std::string profiles = lines_of(directory.profiles);
  if (!profiles.empty()) profiles = fmt::format("\"profiles\":[{}],\n", profiles);
  return fmt::format("{{\"format\":\"{}\",\n{}\"sites\":[{}],\n\"devices\":[{}]}}\n", registry::export_format,
                     profiles, lines_of(directory.sites), lines_of(directory.devices));
}

constexpr std::string_view expected = "expected the JSON object that gensetd registry export writes";

std::string_view kind_of(const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::array:
      return "an array";
    case boost::json::kind::string:
      return "a text";
    case boost::json::kind::bool_:
      return "true or false";
    case boost::json::kind::null:
      return "null";
    default:
      return "a number";
  }
}

// Throws std::runtime_error with the line of the first mistake.
boost::json::value parse_json(const fs::path& file, std::string_view text) {
  boost::json::stream_parser parser;
  boost::system::error_code failed;
  const std::size_t parsed = parser.write_some(text.data(), text.size(), failed);
  if (!failed && parsed < text.size()) failed = boost::json::error::extra_data;
  if (!failed) parser.finish(failed);
  if (!failed) return parser.release();
  const std::string_view before = text.substr(0, std::min(parsed, text.size()));
  throw std::runtime_error(fmt::format("{}: line {} is not JSON ({}); {}", file.string(),
                                       1 + std::ranges::count(before, '\n'), failed.message(), expected));
}

boost::json::object read_document(const fs::path& file) {
  const std::string text = read_file(file);
  if (text.find_first_not_of(" \t\r\n") == std::string::npos)
    throw std::runtime_error(fmt::format("{}: is empty; {}", file.string(), expected));
  boost::json::value value = parse_json(file, text);
  if (!value.is_object())
    throw std::runtime_error(fmt::format("{}: holds {}; {}", file.string(), kind_of(value), expected));
  return std::move(value.get_object());
}

// Exporting damaged rows would change them silently.
void reject_damaged(const registry::Directory& directory) {
  std::string rows;
  const auto add = [&](std::string_view kind, std::int64_t id,
                       const std::vector<registry::InvalidColumn>& damage) {
    if (!damage.empty())
      rows += fmt::format("{}{} {}: {}", rows.empty() ? "" : "; ", kind, id, registry::print_damage(damage));
  };
  for (const auto& [id, site] : directory.sites) add("site", id, site.damage);
  for (const auto& [id, device] : directory.devices) add("device", id, device.damage);
  for (const auto& [name, profile] : directory.profiles) {
    if (!profile.problem.empty())
      rows += fmt::format("{}profile {}: {}", rows.empty() ? "" : "; ", registry::shortened(name),
                          profile.problem);
  }
  for (const std::string& row : directory.unusable)
    rows += fmt::format("{}{}: ids begin at 1", rows.empty() ? "" : "; ", row);
  if (!rows.empty())
    throw std::runtime_error(
        fmt::format("rows of the registry are damaged ({}); correct them, then export again", rows));
}

std::string and_profiles(std::size_t count) {
  return count == 0 ? "" : fmt::format(" and {} profiles", count);
}

void export_to(const fs::path& file, const daemon::Settings& settings, std::ostream& out) {
  auto store = registry::Store::reopen(registry::parse_database_url(settings.database_url));
  const registry::Directory directory = store.load();
  reject_damaged(directory);
  write_file(file, document_of(directory));
  out << fmt::format("{}: {} sites and {} devices{} written\n", file.string(), directory.sites.size(),
                     directory.devices.size(), and_profiles(directory.profiles.size()));
}

void import_from(const fs::path& file, const daemon::Settings& settings, std::ostream& out) {
  const auto catalog = catalog_with(settings.profiles.string());
  const boost::json::object document = read_document(file);
  auto store = registry::Store::create_or_open(registry::parse_database_url(settings.database_url));
  const auto now = reading::system_now();
  const auto result = registry::import_document(store, document, catalog, now);
  if (const auto* refusal = std::get_if<registry::Refusal>(&result)) {
    throw std::runtime_error(fmt::format("{}: {}; nothing was imported", file.string(), refusal->message));
  }
  const auto& imported = std::get<registry::Imported>(result);
  out << fmt::format("{}: {} sites and {} devices{} imported\n", file.string(), imported.sites,
                     imported.devices, and_profiles(imported.profiles));
  for (const std::string& unusable : imported.unusable_profiles)
    out << fmt::format("cannot be used, and devices with it are not polled: {}\n", unusable);
}

}  // namespace

int registry_command(const RegistryOptions& options, std::ostream& out, std::ostream& errors) {
  try {
    if (options.file.empty()) throw std::runtime_error("the name of the file is empty; name a file");
    const daemon::Settings settings = settings_of(options);
    if (options.import) {
      import_from(options.file, settings, out);
    } else {
      // When the document goes to standard output, the report must not.
      const bool is_to_stdout = descriptor_named_by(options.file) == STDOUT_FILENO;
      export_to(options.file, settings, is_to_stdout ? errors : out);
    }
    return 0;
  } catch (const std::exception& error) {
    errors << "gensetd registry: " << registry::database_error(error) << '\n';
    return 2;
  }
}

}  // namespace gensetd::commands
