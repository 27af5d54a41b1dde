#include "daemon/serve.hpp"

#include "daemon/daemon.hpp"
#include "daemon/default_database.hpp"
#include "daemon/descriptors.hpp"
#include "daemon/logging.hpp"
#include "daemon/service_manager.hpp"
#include "log/log.hpp"
#include "registry/database_url.hpp"
#include "supervision/tasks.hpp"
#include "supervision/use_tuple.hpp"
#include "text/host_port.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <unistd.h>

namespace gensetd::daemon {
namespace {

namespace asio = boost::asio;
using supervision::use_tuple;

Settings settings_of(const ServeOptions& options) {
  SettingInputs given;
  if (!options.settings_file.empty()) read_settings_file(options.settings_file, given);
  read_environment(given);
  for (const auto& [name, value] : options.options) given[name] = value;
  return parse_settings(given);
}

ServiceEnvironment read_service_environment() {
  return service_environment(std::getenv("NOTIFY_SOCKET"), std::getenv("WATCHDOG_USEC"),
                             std::getenv("WATCHDOG_PID"), ::getpid());
}

asio::awaitable<void> stop_on_signal(Daemon& daemon, ServiceManager& manager, asio::signal_set& stops) {
  const auto [failed, number] = co_await stops.async_wait(use_tuple);
  const std::string signal = number == SIGINT ? "SIGINT" : "SIGTERM";
  log::info("stopping").field("signal", signal).say("stopping on {}", signal);
  stops.clear();  // a second signal ends the program at once
  manager.stopping();
  co_await daemon.stop();
}

// Ignores signals that would end the process. SIGPIPE: the reader of the log is gone. SIGXFSZ: a file reached
// the limit of its size; the write then fails, as on a full disk.
void ignore_other_signals() {
  for (const int number : {SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2, SIGALRM}) std::signal(number, SIG_IGN);
}

// A thread that hangs, or waits for standard error, cannot be ended: then the process exits without joining
// it.
int exit_status_after(const Daemon& daemon, Logging& logging) {
  log::info("stopped").say("stopped");
  if (logging.finish() && !daemon.has_abandoned_thread()) return 0;
  std::_Exit(0);
}

// A renewed certificate needs no restart: WebSocket clients stay connected, polling continues.
asio::awaitable<void> reload_on_hangup(Daemon& daemon, asio::signal_set& hangups, bool has_tls) {
  while (true) {
    const auto [failed, number] = co_await hangups.async_wait(use_tuple);
    if (failed) co_return;
    if (!has_tls) {
      log::info("nothing_reloaded").say("SIGHUP ignored: TLS_CERT is not set; other settings need a restart");
      continue;
    }
    try {
      daemon.reload_tls();
      log::info("tls_reloaded").say("SIGHUP: re-read TLS_CERT and TLS_KEY; new connections use them");
    } catch (const std::exception& error) {
      log::error("tls_not_reloaded")
          .field("error", error.what())
          .say("SIGHUP: reload failed; the current certificate stays in use: {}", error.what());
    }
  }
}

void log_registry_location(const Settings& settings, const std::string& database_notice) {
  const std::string database = registry::print_database(registry::parse_database_url(settings.database_url));
  log::info("registry_opened").field("database", database).say("registry: uses the database {}", database);
  if (!database_notice.empty()) log::warning("registry_place").say("{}", database_notice);
}

int serve(const Settings& settings, const std::string& database_notice) {
  ignore_other_signals();
  Logging logging(settings.log_level, settings.log_format);
  logging.log_termination();
  const std::size_t descriptors = raise_descriptor_limit();
  // Other threads only post to the context, so its sockets need no locks.
  asio::io_context context{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  std::optional<Daemon> daemon;
  // Before the start, which may take seconds: by default SIGHUP ends the process.
  asio::signal_set hangups(context, SIGHUP);
  std::optional<asio::signal_set> stops;
  try {
    daemon.emplace(context, settings, descriptors);
    stops.emplace(context, SIGINT, SIGTERM);  // from here on a stop must close the parts in order
    // Only now, because a failed start logs exactly one line.
    log_registry_location(settings, database_notice);
    daemon->start();
  } catch (const std::exception& error) {
    log::error("start_failed").say("{}", error.what());
    if (!logging.finish()) std::_Exit(2);
    return 2;
  }
  const std::string serves = fmt::format("serves {}://{}/", settings.tls_cert.empty() ? "http" : "https",
                                         text::print_host_port(settings.http_address, daemon->http_port()));
  log::info("started").field("version", GENSETD_VERSION).say("gensetd {}", serves);
  supervision::spawn_loop(context.get_executor(), supervision::Task::signals, "SIGHUP",
                          [&] { return reload_on_hangup(*daemon, hangups, !settings.tls_cert.empty()); });
  ServiceManager manager(context, read_service_environment(), [&daemon] { return daemon->is_healthy(); });
  asio::post(context, [&] { manager.ready(serves); });
  asio::co_spawn(
      context, stop_on_signal(*daemon, manager, *stops), [&context](const std::exception_ptr& failed) {
        if (failed)
          supervision::report_exception(failed, supervision::Task::stop, {}, "gensetd exits at once");
        // Cancelled operations end by themselves, except for name lookups, which cannot be cancelled.
        asio::post(context, [&context] { context.stop(); });
      });
  supervision::run(context, supervision::Task::main_loop);
  return exit_status_after(*daemon, logging);
}

}  // namespace

int serve_command(const ServeOptions& options) {
  Settings settings;
  std::string database_notice;
  try {
    settings = settings_of(options);
    database_notice = complete_database_url(settings, MissingDirectory::create);
  } catch (const SettingsError& error) {
    std::cerr << "gensetd serve: " << error.what() << std::endl;
    return 2;
  }
  return serve(settings, database_notice);
}

}  // namespace gensetd::daemon
