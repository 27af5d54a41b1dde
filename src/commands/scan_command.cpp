#include "commands/scan_command.hpp"

#include "commands/scan_report.hpp"
#include "daemon/scan_json.hpp"
#include "poller/scanner.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <spdlog/spdlog.h>

#include <csignal>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace gensetd::commands {
namespace {

namespace asio = boost::asio;
// Replaces the previous text; an empty text clears the line.
void show_in_one_line(std::ostream& out, std::string_view text) {
  out << "\r\033[K" << text << std::flush;  // ECMA-48: erase in line
}

poller::ScanResult scan(const ScanJob& job, std::ostream* progress) {
  asio::io_context context{1};
  link::Pool links(context);
  poller::Scanner::ShowProgress show_progress;
  if (progress != nullptr)
    show_progress = [progress](std::string_view text) { show_in_one_line(*progress, text); };
  const poller::ScanPlan plan = plan_of(job);
  poller::Scanner scanner(context, links, plan, std::move(show_progress));
  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](boost::system::error_code aborted, int) {
    if (aborted) return;
    scanner.result().stopped = true;
    scanner.end();
    context.stop();
  });
  asio::co_spawn(context, scanner.run(), [&](const std::exception_ptr& failed) {
    if (failed) std::rethrow_exception(failed);
    context.stop();
  });
  context.run();
  return std::move(scanner.result());
}

}  // namespace

int scan_command(const ScanOptions& options, std::ostream& out, std::ostream& errors, bool progress) {
  spdlog::set_level(spdlog::level::off);  // this command prints its own errors
  try {
    const ScanJob job = job_of(options);
    const poller::ScanResult result = scan(job, progress ? &errors : nullptr);
    out << (job.json ? daemon::scan_json(job.host, job.port, result) + "\n" : scan_table(job, result))
        << std::flush;
    const std::string failure = scan_failure(job, result);
    if (!failure.empty()) errors << failure << std::endl;
    return poller::has_controller(result) ? 0 : 1;
  } catch (const std::exception& error) {
    errors << "gensetd scan: " << error.what() << std::endl;
    return 2;
  }
}

}  // namespace gensetd::commands
