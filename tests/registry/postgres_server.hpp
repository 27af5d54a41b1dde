#pragma once

#include "free_port.hpp"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <libpq-fe.h>
#include <memory>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace gensetd::registry {

// A separate PostgreSQL server in a temporary folder, on a free loopback port and a Unix socket, with user
// "gensetd" and password "secret". The destructor stops it. PostgreSQL refuses to run as root, so root runs
// it as user nobody.
class PostgresServer {
 public:
  PostgresServer() {
    namespace fs = std::filesystem;
    std::string pattern = (fs::temp_directory_path() / "gensetd-postgres-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = pattern;
    std::ofstream(folder_ / "password") << "secret";
    if (::geteuid() == 0) {
      for (const fs::path& path : {folder_, folder_ / "password"}) {
        if (::chown(path.c_str(), nobody, nobody) != 0) throw std::runtime_error("chown");
      }
    }
    const pid_t process =
        run({"initdb", "-D", (folder_ / "data").string(), "-U", "gensetd", "-A", "scram-sha-256", "--pwfile",
             (folder_ / "password").string(), "-E", "UTF8", "--locale=C", "--no-sync"});
    int status = 0;
    if (::waitpid(process, &status, 0) != process || status != 0) throw std::runtime_error("initdb failed");
    for (int attempt = 0; attempt < 5; ++attempt) {
      port_ = free_port();
      if (start()) return;
    }
    throw std::runtime_error("postgres did not start");
  }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer() {
    kill();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  // One server for all tests of a program: each test uses its own database.
  static PostgresServer& shared() {
    static PostgresServer server;
    return server;
  }

  std::string url(const std::string& database) const {
    return "postgresql://gensetd:secret@127.0.0.1:" + std::to_string(port_) + "/" + database;
  }

  // The name of a new, empty database.
  std::string new_database(const std::string& options = {}) {
    const std::string name = "registry_" + std::to_string(++databases_);
    run_sql("postgres", "CREATE DATABASE " + name + " " + options);
    return name;
  }

  // Runs SQL like psql; returns the first value of the result.
  std::string run_sql(const std::string& database, const std::string& sql) const {
    const std::unique_ptr<PGconn, void (*)(PGconn*)> connection{PQconnectdb(url(database).c_str()), PQfinish};
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result{PQexec(connection.get(), sql.c_str()),
                                                                PQclear};
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
      throw std::runtime_error(PQerrorMessage(connection.get()));
    }
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
  }

  // Starts or restarts it on its port; false when it failed.
  bool start() {
    std::filesystem::remove(folder_ / "data" / "postmaster.pid");  // left by a killed server
    process_ = run({"postgres", "-D", (folder_ / "data").string(), "-p", std::to_string(port_), "-k",
                    folder_.string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c",
                    "max_connections=50"});
    return came_up();
  }

  // Stops it at once, with all its sessions.
  void kill() {
    if (process_ <= 0) return;
    ::kill(process_, SIGQUIT);  // PostgreSQL 19.5: immediate shutdown
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
  }

 private:
  static constexpr uid_t nobody = 65'534;

  static pid_t run(const std::vector<std::string>& words) {
    std::vector<std::string> copy = words;
    copy.front() = "/usr/lib/postgresql/15/bin/" + words.front();
    std::vector<char*> arguments;
    for (std::string& word : copy) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t process = fork();
    if (process != 0) return process;
    if (::geteuid() == 0 && (::setgid(nobody) != 0 || ::setuid(nobody) != 0)) _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (chdir("/") != 0 || freopen("/dev/null", "w", stdout) == nullptr ||
        freopen("/dev/null", "w", stderr) == nullptr) {
      _exit(126);
    }
    execv(arguments[0], arguments.data());
    _exit(127);
  }

  bool came_up() {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (std::chrono::steady_clock::now() < limit) {
      if (::waitpid(process_, nullptr, WNOHANG) == process_) {
        process_ = -1;
        return false;
      }
      if (PQping(url("postgres").c_str()) == PQPING_OK) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds{20});  // interval between attempts
    }
    kill();
    return false;
  }

  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
  int databases_ = 0;
};

}  // namespace gensetd::registry
