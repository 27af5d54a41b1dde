#include "commands/read_command.hpp"

#include "commands/daemon_client.hpp"
#include "commands/read_report.hpp"
#include "daemon/read_now.hpp"
#include "link/error.hpp"
#include "modbus/error.hpp"
#include "modbus/rtu_frame.hpp"
#include "poller/connection_test.hpp"
#include "poller/foreign_traffic.hpp"
#include "profile/words.hpp"
#include "supervision/use_tuple.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace gensetd::commands {
namespace {

namespace asio = boost::asio;
using modbus::Protocol;

using supervision::use_tuple;

// Whether a controller responded. A controller rarely responds to a request in the wrong protocol.
bool is_modbus_response(const poller::ReadResult& read) {
  return read.error.empty() ||
         (read.failure && read.failure->error == modbus::ResponseError::exception_response);
}

// Reads, on its own connection or through a daemon, and prints; once, or repeatedly with --watch.
class ReadLoop {
 public:
  ReadLoop(asio::io_context& context, ReadJob job, std::ostream& out, std::ostream& errors)
      : context_(context),
        job_(std::move(job)),
        out_(out),
        errors_(errors),
        links_(context),
        daemon_(job_),
        timer_(context) {
    if (!job_.via) reader_ = make_reader(job_.address);
  }

  asio::awaitable<void> run() {
    for (;;) {
      const api::ReadNowResult read = co_await this->read();
      status_ = read.error.empty() ? 0 : 1;
      if (read.error.empty()) {
        out_ << read_report(job_, read) << std::flush;
        warn_if_unconfirmed(read);
      } else {
        errors_ << read.error << std::endl;
      }
      warn_if_shared();
      if (!job_.watch) co_return;
      timer_.expires_after(job_.interval);
      [[maybe_unused]] const auto [woken] = co_await timer_.async_wait(use_tuple);
    }
  }

  int status() const { return status_; }  // the exit status of the last read

 private:
  std::unique_ptr<poller::Reader> make_reader(const poller::DeviceAddress& address) {
    return std::make_unique<poller::Reader>(context_, links_, address, job_.profile, job_.timeout);
  }

  asio::awaitable<api::ReadNowResult> read() {
    if (job_.via) {
      api::ReadNowResult through_daemon = co_await daemon_.read();
      co_return through_daemon;
    }
    poller::ReadResult read;
    if (job_.range) {
      read = co_await reader_->read_range(*job_.range);
    } else {
      read = co_await reader_->read_all();
    }
    const bool silent = read.failure && read.failure->error == link::Error::no_response;
    if (silent && !job_.watch) {
      const std::string hint = co_await try_other_protocol();
      read.error += hint;
    }
    api::ReadNowResult result = daemon::read_now_of(job_.address, job_.profile, std::move(read));
    co_return result;
  }

  asio::awaitable<std::string> try_other_protocol() {
    poller::DeviceAddress other = job_.address;
    other.protocol = other.protocol == Protocol::tcp ? Protocol::rtu_over_tcp : Protocol::tcp;
    const bool exists = other.unit_id >= 1 && other.unit_id <= modbus::rtu_unit_max;
    if (other.protocol == Protocol::rtu_over_tcp && !exists) co_return std::string{};
    // On a new connection: on the old one the peer may still wait for the rest of a frame.
    reader_.reset();
    reader_ = make_reader(other);
    const poller::ReadResult read =
        co_await reader_->read_range(poller::connection_test_range(*job_.profile));
    if (!is_modbus_response(read)) co_return std::string{};
    co_return fmt::format("; but it answers in the other protocol: give --protocol {}",
                          profile::to_word(other.protocol));
  }

  // Once, also with --watch.
  void warn_if_unconfirmed(const api::ReadNowResult& read) {
    if (unconfirmed_warned_ || job_.range || read.content->profile->is_confirmed) return;
    unconfirmed_warned_ = true;
    errors_ << "this register map is not confirmed: compare the values with the panel" << std::endl;
  }

  // At most once, also with --watch.
  void warn_if_shared() {
    if (!reader_ || shared_warned_) return;
    const std::string others = poller::foreign_traffic_warning(reader_->link().conversation());
    if (others.empty()) return;
    shared_warned_ = true;
    errors_ << others << std::endl;
  }

  asio::io_context& context_;
  const ReadJob job_;
  std::ostream& out_;
  std::ostream& errors_;
  link::Pool links_;
  DaemonClient daemon_;
  std::unique_ptr<poller::Reader> reader_;  // null with a daemon
  asio::steady_timer timer_;
  int status_ = 1;
  bool shared_warned_ = false;
  bool unconfirmed_warned_ = false;
};

// Runs until the read is done or a signal arrives.
int run(ReadJob job, std::ostream& out, std::ostream& errors) {
  asio::io_context context{1};
  ReadLoop technician(context, std::move(job), out, errors);
  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](boost::system::error_code aborted, int) {
    if (!aborted) context.stop();
  });
  asio::co_spawn(context, technician.run(), [&](const std::exception_ptr& failed) {
    if (failed) std::rethrow_exception(failed);
    context.stop();
  });
  context.run();
  return technician.status();
}

}  // namespace

int read_command(const ReadOptions& options, std::ostream& out, std::ostream& errors) {
  spdlog::set_level(spdlog::level::off);  // this command prints its own errors
  try {
    return run(job_of(options), out, errors);
  } catch (const std::exception& error) {
    errors << "gensetd read: " << error.what() << std::endl;
    return 2;
  }
}

}  // namespace gensetd::commands
