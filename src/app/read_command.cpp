#include "app/read_command.hpp"

#include "app/daemon_client.hpp"
#include "app/others_on_line.hpp"
#include "app/read_now.hpp"
#include "app/read_report.hpp"
#include "link/error.hpp"
#include "modbus/error.hpp"
#include "modbus/rtu_frame.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace gensetd::app {
namespace {

namespace asio = boost::asio;
using modbus::Protocol;

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

// Whether a controller of the other protocol is there: asked in the wrong one it is silent as a rule.
bool is_sign_of_life(const poller::ReadResult& read) {
  return read.error.empty() || (read.failure && read.failure->error == modbus::Error::exception_answer);
}

// Reads on a connection of its own, or through a daemon, and prints; once, or again and again.
class Technician {
 public:
  Technician(asio::io_context& context, ReadJob job, std::ostream& out, std::ostream& errors)
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
      const http::ReadNowResult read = co_await this->read();
      status_ = read.error.empty() ? 0 : 1;
      if (read.error.empty()) {
        out_ << read_report(job_, read) << std::flush;
      } else {
        errors_ << read.error << std::endl;
      }
      say_if_shared();
      if (!job_.watch) co_return;
      timer_.expires_after(job_.interval);
      [[maybe_unused]] const auto [woken] = co_await timer_.async_wait(use_tuple);
    }
  }

  int status() const { return status_; }  // the exit status, by what was printed last

 private:
  std::unique_ptr<poller::Reader> make_reader(const poller::Address& address) {
    return std::make_unique<poller::Reader>(context_, links_, address, job_.profile, job_.timeout);
  }

  asio::awaitable<http::ReadNowResult> read() {
    if (job_.via) {
      http::ReadNowResult through_daemon = co_await daemon_.read();
      co_return through_daemon;
    }
    poller::ReadResult read;
    if (job_.range) {
      read = co_await reader_->read_range(*job_.range);
    } else {
      read = co_await reader_->read_all();
    }
    const bool silent = read.failure && read.failure->error == link::Error::no_answer;
    if (silent && !job_.watch) {
      const std::string hint = co_await try_other_protocol();
      read.error += hint;
    }
    http::ReadNowResult result = read_now_of(job_.address, job_.profile, std::move(read));
    co_return result;
  }

  asio::awaitable<std::string> try_other_protocol() {
    poller::Address other = job_.address;
    other.protocol = other.protocol == Protocol::tcp ? Protocol::rtu_over_tcp : Protocol::tcp;
    const bool exists = other.unit_id >= 1 && other.unit_id <= modbus::rtu_unit_max;
    if (other.protocol == Protocol::rtu_over_tcp && !exists) co_return std::string{};
    // On a new connection: the peer may still wait for the rest of a frame on the old one.
    reader_.reset();
    reader_ = make_reader(other);
    const modbus::ReadRequest status{.first = job_.profile->probe_address, .count = 1};
    const poller::ReadResult read = co_await reader_->read_range(status);
    if (!is_sign_of_life(read)) co_return std::string{};
    co_return fmt::format("; but it answers in the other protocol: give --protocol {}",
                          registry::to_word(other.protocol));
  }

  // Once, also when it is watched.
  void say_if_shared() {
    if (!reader_ || said_shared_) return;
    const std::string others = others_on_line(reader_->link().conversation());
    if (others.empty()) return;
    said_shared_ = true;
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
  bool said_shared_ = false;
};

// Until it is done, or a signal comes.
int run(ReadJob job, std::ostream& out, std::ostream& errors) {
  asio::io_context context{1};
  Technician technician(context, std::move(job), out, errors);
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
  spdlog::set_level(spdlog::level::off);  // all there is to say is said here
  try {
    return run(job_of(options), out, errors);
  } catch (const std::exception& error) {
    errors << "gensetd read: " << error.what() << std::endl;
    return 2;
  }
}

}  // namespace gensetd::app
