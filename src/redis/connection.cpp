#include "redis/connection.hpp"

#include "redis/commands.hpp"
#include "supervision/exceptions.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <utility>
#include <variant>

namespace gensetd::redis {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t receive_bytes = 64 * 1024;

struct Closing {
  ~Closing() {
    error_code ignored;
    socket.close(ignored);
  }
  tcp::socket& socket;
};

Failure broken(error_code error) {
  if (error == asio::error::eof) return {"Redis has closed the connection"};
  return {"connection broken: " + error.message()};
}

}  // namespace

Connection::Connection(asio::io_context& context, Address address, std::string client_name)
    : address_(std::move(address)),
      client_name_(std::move(client_name)),
      socket_(context),
      resolver_(context),
      wake_(context),
      tick_(context),
      deadline_(context),
      received_(receive_bytes) {}

asio::awaitable<Failure> Connection::run(Dialogue& dialogue) {
  const Closing closing{socket_};  // also by an exception
  reader_.emplace();
  over_ = false;
  ping_due_ = false;
  Failure failure = co_await open_in_time();
  if (!failure && !closed_) {
    dialogue.opened();
    failure = co_await carry(dialogue);
  }
  co_return failure;
}

void Connection::close() {
  closed_ = true;
  error_code ignored;
  socket_.close(ignored);
  resolver_.cancel();
  wake_.cancel();
  tick_.cancel();
  deadline_.cancel();
}

asio::awaitable<Failure> Connection::open_in_time() {
  using namespace asio::experimental::awaitable_operators;
  deadline_.expires_after(open_max);
  auto race = open() || deadline_.async_wait(use_tuple);
  auto first = co_await std::move(race);
  if (Failure* opened = std::get_if<0>(&first)) co_return std::move(*opened);
  co_return Failure{"no connection and login within 3 s"};
}

asio::awaitable<Failure> Connection::open() {
  const std::string service = std::to_string(address_.port);
  const auto [unknown, found] = co_await resolver_.async_resolve(address_.host, service, use_tuple);
  if (unknown) co_return Failure{"host name not found: " + unknown.message()};
  const auto [refused, endpoint] = co_await asio::async_connect(socket_, found, use_tuple);
  if (refused) co_return Failure{"cannot connect: " + refused.message()};
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  // Whatever ends this connection, what the kernel has not sent yet is thrown away. Else it would go on
  // sending when the network is back, behind what the next connection has written, and an old reading would
  // replace a newer one. A stop has its replies before it closes.
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  co_return co_await log_in();
}

std::vector<Connection::Step> Connection::append_login(std::string& outgoing) const {
  std::vector<Step> steps;
  if (!address_.password.empty()) {
    steps.push_back(Step::login);
    if (address_.user.empty()) {
      append_command(outgoing, {"AUTH", address_.password});
    } else {
      append_command(outgoing, {"AUTH", address_.user, address_.password});
    }
  }
  if (address_.database != 0) {
    steps.push_back(Step::select);
    append_command(outgoing, {"SELECT", std::to_string(address_.database)});
  }
  steps.push_back(Step::name);
  append_command(outgoing, {"CLIENT", "SETNAME", client_name_});
  steps.push_back(Step::ping);  // says NOAUTH and LOADING now, not at the first reading
  append_command(outgoing, {"PING"});
  return steps;
}

Failure Connection::judge(Step step, const Reply& reply) const {
  const bool is_error = reply.type == Reply::Type::error;
  switch (step) {
    case Step::login:
      return is_error ? login_refusal(reply.text) : Failure{};
    case Step::select:
      return is_error ? refusal("database " + std::to_string(address_.database), reply.text) : Failure{};
    case Step::name:
      return {};  // a user who may not set a name may still write
    case Step::ping:
      break;
  }
  if (is_error && reply.text.starts_with("NOPERM")) return {};
  if (is_error) return refusal("access", reply.text);
  if (reply.type != Reply::Type::status) return {"answers PING unlike Redis", true};
  return {};
}

asio::awaitable<Failure> Connection::log_in() {
  std::string outgoing;
  const std::vector<Step> steps = append_login(outgoing);
  const auto [failed, written] = co_await asio::async_write(socket_, asio::buffer(outgoing), use_tuple);
  if (failed) co_return broken(failed);
  for (const Step step : steps) {
    Reply reply;
    ReplyReader::Next next = reader_->next(reply);
    while (next == ReplyReader::Next::incomplete) {
      Failure lost = co_await read_some();
      if (lost) co_return lost;
      next = reader_->next(reply);
    }
    if (next == ReplyReader::Next::broken) co_return Failure{"the answer is not Redis' protocol", true};
    Failure refused = judge(step, reply);
    if (refused) co_return refused;
  }
  co_return Failure{};
}

asio::awaitable<Failure> Connection::read_some() {
  const auto [failed, length] = co_await socket_.async_read_some(asio::buffer(received_), use_tuple);
  if (failed) co_return broken(failed);
  silent_ticks_ = 0;
  reader_->feed({received_.data(), length});
  co_return Failure{};
}

asio::awaitable<Failure> Connection::carry(Dialogue& dialogue) {
  using namespace asio::experimental::awaitable_operators;
  silent_ticks_ = 0;
  auto race = guarded(receive(dialogue)) || guarded(send(dialogue)) || guarded(watch(dialogue));
  auto first = co_await std::move(race);
  co_return std::visit([](Failure& failure) { return std::move(failure); }, first);
}

// An exception ends this connection. (Otherwise the other two would go on without the one that threw.)
asio::awaitable<Failure> Connection::guarded(asio::awaitable<Failure> part) {
  try {
    Failure failure = co_await std::move(part);
    co_return failure;
  } catch (...) {
    supervision::report_exception(supervision::Task::redis, client_name_, "it connects again");
  }
  over_ = true;
  co_return inside_gensetd();
}

asio::awaitable<Failure> Connection::receive(Dialogue& dialogue) {
  Reply reply;
  for (;;) {
    Failure lost = co_await read_some();
    if (over_ || closed_) co_return lost;
    ReplyReader::Next next = ReplyReader::Next::incomplete;
    while (!lost && (next = reader_->next(reply)) == ReplyReader::Next::complete) lost = dialogue.take(reply);
    if (next == ReplyReader::Next::broken) lost = {"the answer is not Redis' protocol, or over 16 MiB", true};
    if (lost) {
      over_ = true;
      co_return lost;
    }
  }
}

void Connection::compose(Dialogue& dialogue, std::string& outgoing) {
  const bool awaited = dialogue.awaits_reply();
  if (std::exchange(ping_due_, false)) dialogue.ping(outgoing);
  dialogue.fill(outgoing);
  if (!awaited) silent_ticks_ = 0;
}

asio::awaitable<Failure> Connection::send(Dialogue& dialogue) {
  std::string outgoing;
  while (!over_ && !closed_) {
    outgoing.clear();
    compose(dialogue, outgoing);
    if (outgoing.empty()) {
      wake_.expires_at(std::chrono::steady_clock::time_point::max());
      [[maybe_unused]] const auto [woken] = co_await wake_.async_wait(use_tuple);
      continue;
    }
    const auto [failed, written] = co_await asio::async_write(socket_, asio::buffer(outgoing), use_tuple);
    if (failed) {
      over_ = true;
      co_return broken(failed);
    }
  }
  co_return Failure{};
}

asio::awaitable<Failure> Connection::watch(Dialogue& dialogue) {
  while (!over_ && !closed_) {
    tick_.expires_after(tick);
    [[maybe_unused]] const auto [woken] = co_await tick_.async_wait(use_tuple);
    if (over_ || closed_) break;
    // Ticks are counted, not time: after this process itself was held up, what came meanwhile is read first.
    ++silent_ticks_;
    if (dialogue.awaits_reply() && silent_ticks_ >= answer_ticks_max) {
      over_ = true;
      co_return Failure{"no answer within 2 s"};
    }
    if (!dialogue.awaits_reply() && silent_ticks_ >= idle_ticks_max) {
      ping_due_ = true;
      wake();
    }
  }
  co_return Failure{};
}

}  // namespace gensetd::redis
