#include "registry/database.hpp"

#include "registry/execute.hpp"

#include <fmt/format.h>
#include <soci/soci.h>

#include <utility>

namespace gensetd::registry {
namespace {

// Removes the sentences, and for SQLite the function name, that SOCI puts before the message of the database.
std::string_view without_soci_prefix(std::string_view text) {
  for (const std::string_view prefix : {"Cannot establish connection to the database.",
                                        "Cannot execute query.", "Connection failed.", " Fatal error."}) {
    if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  }
  if (text.starts_with("sqlite3_statement_backend::")) text.remove_prefix(text.find(": ") + 2);
  return text;
}

}  // namespace

Database::Database(std::unique_ptr<soci::session> session) : session_(std::move(session)) {}
Database::~Database() = default;

std::unique_ptr<Database> open_database(const DatabaseAddress& address, IfMissing if_missing,
                                        const std::stop_token& stop) {
  if (const auto* file = std::get_if<std::filesystem::path>(&address)) return open_sqlite(*file, if_missing);
  return open_postgres(std::get<PostgresAddress>(address), if_missing, stop);
}

std::string query_text(soci::session& session, const std::string& sql) {
  std::string result;
  soci::indicator indicator = soci::i_null;
  execute(session, sql, soci::into(result, indicator));
  return indicator == soci::i_ok ? result : std::string{};
}

long long query_number(soci::session& session, const std::string& sql) {
  long long number = 0;
  soci::indicator indicator = soci::i_null;
  execute(session, sql, soci::into(number, indicator));
  return indicator == soci::i_ok ? number : 0;
}

std::string database_error(const std::exception& error) {
  const auto* soci_error = dynamic_cast<const soci::soci_error*>(&error);
  std::string_view text = error.what();
  std::string message;
  if (soci_error != nullptr) {
    message = soci_error->get_error_message();
    text = without_soci_prefix(message);
  }
  std::string line;
  for (const char c : text) {
    const bool is_gap = c == ' ' || static_cast<unsigned char>(c) < 0x20;
    if (!is_gap) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

void refuse_database(const DatabaseAddress& address, std::string_view what, std::string_view to_do) {
  throw std::runtime_error(
      fmt::format("the registry database {} cannot be used: {}; {}", print_database(address), what, to_do));
}

}  // namespace gensetd::registry
