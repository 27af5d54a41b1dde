#include "redis/connection.hpp"

#include "redis/commands.hpp"
#include "supervision/exceptions.hpp"
#include "supervision/use_tuple.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/write.hpp>

#include <utility>
#include <variant>

namespace gensetd::redis {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

using supervision::use_tuple;
constexpr std::size_t receive_bytes = 64 * 1024;

struct SocketCloser {
  ~SocketCloser() {
    error_code ignored;
    socket.close(ignored);
  }
  tcp::socket& socket;
};

RedisFailure broken(error_code error) {
  if (error == asio::error::eof) return {"Redis closed the connection"};
  return {"connection lost: " + error.message()};
}

}  // namespace

RedisConnection::RedisConnection(asio::io_context& context, RedisAddress address, std::string client_name)
    : address_(std::move(address)),
      client_name_(std::move(client_name)),
      socket_(context),
      resolver_(context),
      wake_(context),
      tick_(context),
      deadline_(context),
      received_(receive_bytes) {}

asio::awaitable<RedisFailure> RedisConnection::run(Dialogue& dialogue) {
  const SocketCloser closer{socket_};  // also after an exception
  reader_.emplace();
  over_ = false;
  ping_due_ = false;
  RedisFailure failure = co_await open_in_time();
  if (!failure && !closed_) {
    dialogue.opened();
    failure = co_await carry(dialogue);
  }
  co_return failure;
}

void RedisConnection::close() {
  closed_ = true;
  error_code ignored;
  socket_.close(ignored);
  resolver_.cancel();
  wake_.cancel();
  tick_.cancel();
  deadline_.cancel();
}

asio::awaitable<RedisFailure> RedisConnection::open_in_time() {
  using namespace asio::experimental::awaitable_operators;
  deadline_.expires_after(open_max);
  auto race = open() || deadline_.async_wait(use_tuple);
  auto first = co_await std::move(race);
  if (RedisFailure* opened = std::get_if<0>(&first)) co_return std::move(*opened);
  co_return RedisFailure{"no connection and login within 3 s"};
}

asio::awaitable<RedisFailure> RedisConnection::open() {
  const std::string service = std::to_string(address_.port);
  const auto [unknown, found] = co_await resolver_.async_resolve(address_.host, service, use_tuple);
  if (unknown) co_return RedisFailure{"host name not found: " + unknown.message()};
  const auto [refused, endpoint] = co_await asio::async_connect(socket_, found, use_tuple);
  if (refused) co_return RedisFailure{"cannot connect: " + refused.message()};
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  // When the socket is closed, the kernel discards unsent bytes. Otherwise it would send them after a network
  // failure, later than the commands of the next connection, and an old reading would replace a newer one.
  // A stop receives its replies before it closes.
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  co_return co_await log_in();
}

std::vector<RedisConnection::Step> RedisConnection::append_login(std::string& outgoing) const {
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
  steps.push_back(Step::ping);  // reports NOAUTH and LOADING now, not at the first reading
  append_command(outgoing, {"PING"});
  return steps;
}

RedisFailure RedisConnection::judge(Step step, const RedisReply& reply) const {
  const bool is_error = reply.type == RedisReply::Type::error;
  switch (step) {
    case Step::login:
      return is_error ? login_rejection(reply.text) : RedisFailure{};
    case Step::select:
      return is_error ? rejection("database " + std::to_string(address_.database), reply.text)
                      : RedisFailure{};
    case Step::name:
      return {};  // a user without permission for CLIENT may still write
    case Step::ping:
      break;
  }
  if (is_error && reply.text.starts_with("NOPERM")) return {};
  if (is_error) return rejection("access", reply.text);
  if (reply.type != RedisReply::Type::status) return {"the response to PING is not that of Redis", true};
  return {};
}

asio::awaitable<RedisFailure> RedisConnection::log_in() {
  std::string outgoing;
  const std::vector<Step> steps = append_login(outgoing);
  const auto [failed, written] = co_await asio::async_write(socket_, asio::buffer(outgoing), use_tuple);
  if (failed) co_return broken(failed);
  for (const Step step : steps) {
    RedisReply reply;
    ReplyReader::Next next = reader_->next(reply);
    while (next == ReplyReader::Next::incomplete) {
      RedisFailure lost = co_await read_some();
      if (lost) co_return lost;
      next = reader_->next(reply);
    }
    if (next == ReplyReader::Next::broken)
      co_return RedisFailure{"the response is not in Redis protocol", true};
    RedisFailure refused = judge(step, reply);
    if (refused) co_return refused;
  }
  co_return RedisFailure{};
}

asio::awaitable<RedisFailure> RedisConnection::read_some() {
  const auto [failed, length] = co_await socket_.async_read_some(asio::buffer(received_), use_tuple);
  if (failed) co_return broken(failed);
  silent_ticks_ = 0;
  reader_->feed({received_.data(), length});
  co_return RedisFailure{};
}

asio::awaitable<RedisFailure> RedisConnection::carry(Dialogue& dialogue) {
  using namespace asio::experimental::awaitable_operators;
  silent_ticks_ = 0;
  auto race = guarded(receive(dialogue)) || guarded(send(dialogue)) || guarded(watch(dialogue));
  auto first = co_await std::move(race);
  co_return std::visit([](RedisFailure& failure) { return std::move(failure); }, first);
}

// An exception ends the connection. Otherwise the other two coroutines would continue without this one.
asio::awaitable<RedisFailure> RedisConnection::guarded(asio::awaitable<RedisFailure> part) {
  try {
    RedisFailure failure = co_await std::move(part);
    co_return failure;
  } catch (...) {
    supervision::report_exception(supervision::Task::redis, client_name_, "it reconnects");
  }
  over_ = true;
  co_return internal_failure();
}

asio::awaitable<RedisFailure> RedisConnection::receive(Dialogue& dialogue) {
  RedisReply reply;
  for (;;) {
    RedisFailure lost = co_await read_some();
    if (over_ || closed_) co_return lost;
    ReplyReader::Next next = ReplyReader::Next::incomplete;
    while (!lost && (next = reader_->next(reply)) == ReplyReader::Next::complete)
      lost = dialogue.handle_reply(reply);
    if (next == ReplyReader::Next::broken)
      lost = {"the response is not in Redis protocol, or larger than 16 MiB", true};
    if (lost) {
      over_ = true;
      co_return lost;
    }
  }
}

void RedisConnection::compose(Dialogue& dialogue, std::string& outgoing) {
  const bool awaited = dialogue.awaits_reply();
  if (std::exchange(ping_due_, false)) dialogue.append_ping(outgoing);
  dialogue.append_commands(outgoing);
  if (!awaited) silent_ticks_ = 0;
}

asio::awaitable<RedisFailure> RedisConnection::send(Dialogue& dialogue) {
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
  co_return RedisFailure{};
}

asio::awaitable<RedisFailure> RedisConnection::watch(Dialogue& dialogue) {
  while (!over_ && !closed_) {
    tick_.expires_after(tick);
    [[maybe_unused]] const auto [woken] = co_await tick_.async_wait(use_tuple);
    if (over_ || closed_) break;
    // Counts ticks, not time: if this process was suspended, the bytes received meanwhile are read first.
    ++silent_ticks_;
    if (dialogue.awaits_reply() && silent_ticks_ >= response_ticks_max) {
      over_ = true;
      co_return RedisFailure{"no response within 2 s"};
    }
    if (!dialogue.awaits_reply() && silent_ticks_ >= idle_ticks_max) {
      ping_due_ = true;
      wake();
    }
  }
  co_return RedisFailure{};
}

}  // namespace gensetd::redis
