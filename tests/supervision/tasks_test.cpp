#include "supervision/tasks.hpp"

#include "supervision/log_lines.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace gensetd::supervision {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

std::uint64_t count_of(Task task) { return exception_counts()[static_cast<std::size_t>(task)]; }

asio::awaitable<void> fail() {
  throw std::runtime_error("fails");
  co_return;
}

TEST(Tasks, a_handler_that_throws_ends_only_itself) {
  const LogLines log;
  asio::io_context context;
  int handled = 0;
  for (int number = 0; number < 10; ++number) {
    asio::post(context, [&, number] {
      if (number % 2 == 0) throw std::runtime_error("even");
      ++handled;
    });
  }
  const auto before = count_of(Task::main_loop);
  run(context, Task::main_loop);
  EXPECT_EQ(handled, 5);
  EXPECT_EQ(count_of(Task::main_loop), before + 5);
}

TEST(Tasks, a_loop_that_only_throws_is_slowed_down) {
  const LogLines log;
  asio::io_context context;
  int times = 0;
  const std::function<void()> again = [&] {
    if (++times < 1'000'000) asio::post(context, again);
    throw std::runtime_error("always");
  };
  asio::post(context, again);
  asio::steady_timer end(context, 300ms);
  end.async_wait([&](boost::system::error_code) { context.stop(); });
  run(context, Task::main_loop);
  EXPECT_LT(times, 1'000);
}

TEST(Tasks, a_spawned_coroutine_that_throws_is_reported_and_the_context_continues) {
  const LogLines log;
  asio::io_context context;
  bool is_reported = false;
  bool went_on = false;
  spawn(context, Task::websocket, fail(), [&] { is_reported = true; });
  asio::post(context, [&] { went_on = true; });
  const auto before = count_of(Task::websocket);
  context.run();
  EXPECT_TRUE(is_reported);
  EXPECT_TRUE(went_on);
  EXPECT_EQ(count_of(Task::websocket), before + 1);
}

TEST(Tasks, a_loop_is_restarted_until_it_returns) {
  const LogLines log;
  asio::io_context context;
  int begun = 0;
  auto body = [&]() -> asio::awaitable<void> {
    if (++begun < 3) throw std::runtime_error("not yet");
    co_return;
  };
  const auto before = count_of(Task::redis);
  spawn_loop(context.get_executor(), Task::redis, "writer", body, 1ms);
  context.run();
  EXPECT_EQ(begun, 3);
  EXPECT_EQ(count_of(Task::redis), before + 2);
}

// Destroys the handler that would resume the coroutine, as Asio does when memory is short.
TEST(Tasks, a_loop_whose_coroutine_is_destroyed_is_restarted) {
  asio::io_context context;
  int begun = 0;
  auto body = [&]() -> asio::awaitable<void> {
    if (++begun == 2) co_return;
    auto initiate = [&](auto handler) {
      auto held = std::make_shared<std::optional<decltype(handler)>>(std::move(handler));
      asio::post(context, [held] { held->reset(); });
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate, asio::use_awaitable);
  };
  spawn_loop(context.get_executor(), Task::http_accept, {}, body, 1ms);
  context.run();
  EXPECT_EQ(begun, 2);
}

TEST(Tasks, a_loop_that_waits_ends_with_its_context) {
  int begun = 0;
  {
    asio::io_context context;
    asio::steady_timer never(context, std::chrono::hours{1});
    auto body = [&]() -> asio::awaitable<void> {
      ++begun;
      co_await never.async_wait(asio::use_awaitable);
    };
    spawn_loop(context.get_executor(), Task::http_accept, {}, body, 1ms);
    context.poll();
  }
  EXPECT_EQ(begun, 1);
}

}  // namespace
}  // namespace gensetd::supervision
