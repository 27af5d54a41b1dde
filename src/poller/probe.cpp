#include "poller/probe.hpp"

#include "modbus/big_endian.hpp"
#include "poller/transaction_of.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <optional>
#include <utility>

namespace gensetd::poller {
namespace {

namespace asio = boost::asio;
constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

// How long a test waits for its turn on a busy line.
constexpr std::chrono::seconds patience{30};

// Asks once; withdraws when it dies first.
class Question final : public link::Requester {
 public:
  Question(asio::io_context& context, std::shared_ptr<link::Link> link)
      : answered_(context), link_(std::move(link)) {}
  ~Question() { link_->withdraw(*this); }
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  void ask(const link::Transaction& transaction) {
    answered_.expires_after(patience);
    link_->submit(*this, transaction);
  }

  asio::steady_timer& answered() { return answered_; }
  const std::optional<link::Outcome>& outcome() const { return outcome_; }
  std::uint16_t raw_value() const { return raw_value_; }

 private:
  void finished(const link::Outcome& outcome) override {
    outcome_ = outcome;
    if (!outcome.error) raw_value_ = modbus::number_at(outcome.registers, 0);
    outcome_->registers = {};
    answered_.cancel();
  }

  asio::steady_timer answered_;
  std::shared_ptr<link::Link> link_;
  std::optional<link::Outcome> outcome_;
  std::uint16_t raw_value_ = 0;
};

}  // namespace

asio::awaitable<Probed> probe(asio::io_context& context, link::Pool& links, Address address,
                              profile::ProfilePtr profile, std::chrono::milliseconds timeout) {
  const auto start = std::chrono::steady_clock::now();
  Question question(context, links.get(address.host, address.port));
  const link::Transaction transaction =
      transaction_of(address, *profile, {.first = profile->probe_address, .count = 1}, timeout);
  question.ask(transaction);
  [[maybe_unused]] const auto [woken] = co_await question.answered().async_wait(use_tuple);
  Probed result;
  result.address = profile->probe_address;
  result.latency =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start);
  if (!question.outcome()) {
    result.error = fmt::format("{}: the line was busy for {} s; try again",
                               host_and_port(address.host, address.port), patience.count());
  } else if (question.outcome()->error) {
    result.error = describe(address, *question.outcome(), timeout);
  } else {
    result.raw_value = question.raw_value();
  }
  co_return result;
}

}  // namespace gensetd::poller
