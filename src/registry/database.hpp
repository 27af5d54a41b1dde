#pragma once

#include <chrono>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>

namespace soci {
class session;
}

namespace gensetd::registry {

// How long a statement waits for another program that holds the database.
inline constexpr std::chrono::milliseconds busy_timeout{3'000};

enum class IfMissing : bool { create, refuse };

// Opens the registry's SQLite file for reading and writing: WAL, every commit on disk before it is answered,
// foreign keys on. A file that is not gensetd's, or that a newer gensetd made, is not written to. Throws
// std::runtime_error with one line that names the file and what to do.
std::unique_ptr<soci::session> open_sqlite(const std::filesystem::path& file, IfMissing if_missing);

// The first column of the first row of the answer, as text; empty when there is none.
std::string ask(soci::session& session, const std::string& sql);

// What the database said, on one line, without the statement and its values.
std::string database_error(const std::exception& error);

}  // namespace gensetd::registry
