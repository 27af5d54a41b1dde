#include "supervision/repeater.hpp"

#include "supervision/log_lines.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

namespace gensetd::supervision {
namespace {

using namespace std::chrono_literals;

TEST(Repeater, continues_when_its_function_throws) {
  const LogLines log;
  boost::asio::io_context context;
  Repeater repeater(context.get_executor(), Task::events);
  int calls = 0;
  repeater.start(1ms, [&] {
    if (++calls == 3) repeater.stop();
    throw std::runtime_error("each time");
  });
  context.run();
  EXPECT_EQ(calls, 3);
}

TEST(Repeater, calls_nothing_after_its_destruction) {
  boost::asio::io_context context;
  int calls = 0;
  {
    Repeater repeater(context.get_executor(), Task::events);
    repeater.start(0ms, [&] { ++calls; });
  }
  context.run();
  EXPECT_EQ(calls, 0);
}

TEST(Repeater, may_be_destroyed_by_its_own_function) {
  boost::asio::io_context context;
  auto repeater = std::make_unique<Repeater>(context.get_executor(), Task::events);
  int calls = 0;
  repeater->start(0ms, [&] {
    ++calls;
    repeater.reset();
  });
  context.run();
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace gensetd::supervision
