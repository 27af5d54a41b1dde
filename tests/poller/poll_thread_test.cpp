#include "poller/poll_thread.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <stdexcept>

namespace gensetd::poller {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

class PollThreadTest : public testing::Test {
 protected:
  PollThreadTest() { spdlog::set_level(spdlog::level::off); }
  ~PollThreadTest() override { spdlog::set_level(spdlog::level::info); }

  // The result of `query`; `failure` is the text of its exception.
  template <class T>
  std::optional<T> result_of(boost::asio::awaitable<std::optional<T>> query) {
    std::optional<T> found;
    bool is_over = false;
    boost::asio::co_spawn(context, std::move(query),
                          [&](const std::exception_ptr& failed, std::optional<T> result) {
                            if (failed) failure = supervision::describe(failed);
                            found = std::move(result);
                            is_over = true;
                          });
    const auto limit = steady_clock::now() + 30s;
    while (!is_over && steady_clock::now() < limit) context.run_one_for(100ms);
    EXPECT_TRUE(is_over);
    return found;
  }

  std::optional<int> query_for(int number) {
    auto read_state = [number](PollThreadState&) { return number; };
    return result_of<int>(thread.query(std::move(read_state)));
  }

  // Blocks the thread until the future is set.
  void block(std::shared_future<void> until) {
    boost::asio::co_spawn(context, thread.query([until](PollThreadState&) {
      until.wait();
      return 0;
    }),
                          [](const std::exception_ptr&, std::optional<int>) {});
    context.poll();
  }

  boost::asio::io_context context{1};
  // Keeps the context running while it waits for the thread.
  const boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_guard{
      context.get_executor()};
  std::string failure;
  reading::Numbering numbering;
  PollThread thread{PollThread::Options{}, numbering};
};

TEST_F(PollThreadTest, returns_the_result_of_a_query) { EXPECT_EQ(query_for(7), 7); }

TEST_F(PollThreadTest, task_that_throws_ends_alone_and_its_caller_gets_the_exception) {
  auto read_state = [](PollThreadState&) -> int { throw std::runtime_error("boom"); };
  EXPECT_EQ(result_of<int>(thread.query(std::move(read_state))), std::nullopt);
  EXPECT_EQ(failure, "boom");
  EXPECT_EQ(query_for(7), 7);
}

TEST_F(PollThreadTest, hanging_thread_is_detected_and_keeps_no_caller_waiting) {
  std::promise<void> go_on;
  block(go_on.get_future().share());
  const auto begin = steady_clock::now();
  EXPECT_EQ(query_for(7), std::nullopt);
  EXPECT_GE(steady_clock::now() - begin, PollThread::query_timeout);
  const auto stamped = thread.heartbeat()->last();
  EXPECT_TRUE(thread.heartbeat()->hangs(stamped + 6s));
  go_on.set_value();
  EXPECT_EQ(query_for(8), 8);
  const auto limit = steady_clock::now() + 30s;
  while (thread.heartbeat()->last() == stamped && steady_clock::now() < limit) context.run_one_for(50ms);
  EXPECT_GT(thread.heartbeat()->last(), stamped);
}

}  // namespace
}  // namespace gensetd::poller
