#include "link/readiness.hpp"

#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace gensetd::link {
namespace {

namespace asio = boost::asio;

// A socket that is watched, and its other end.
struct Watched final : Readiness::Listener {
  explicit Watched(asio::io_context& context, std::string* all_passes = nullptr)
      : readiness(Readiness::of(context)), socket(context), other(context), passes(all_passes) {
    asio::local::connect_pair(socket, other);
    watch.begin(readiness, socket.native_handle(), *this);
  }
  void write() { asio::write(other, asio::buffer("x", 1)); }
  void hear() override {
    ++calls;
    note('h');
    if (reads) {
      char byte = 0;
      asio::read(socket, asio::buffer(&byte, 1));
    }
    heard();
  }
  void act() override {
    note('a');
    acted();
  }
  void send() override { note('s'); }
  void note(char pass) const {
    if (passes != nullptr) *passes += pass;
  }

  Readiness& readiness;
  asio::local::stream_protocol::socket socket;
  asio::local::stream_protocol::socket other;
  Readiness::Watch watch;
  std::function<void()> heard = [] {};
  std::function<void()> acted = [] {};
  std::string* passes;  // of all, in order
  bool reads = true;
  int calls = 0;
};

TEST(Readiness, what_is_not_read_is_told_again_and_what_is_read_is_not) {
  asio::io_context context{1};
  Watched one(context);
  Watched two(context);
  two.reads = false;
  one.write();
  two.write();
  while (two.calls < 3) context.run_one();
  EXPECT_EQ(one.calls, 1);
  one.write();
  two.reads = true;
  while (one.calls < 2) context.run_one();
  context.poll();
  const int read = two.calls;
  context.poll();
  EXPECT_EQ(two.calls, read);
}

// Both are ready in one look: whichever is told first ends the other, and its place goes to a third.
TEST(Readiness, ended_watch_is_not_told_also_when_its_place_is_taken) {
  asio::io_context context{1};
  Watched one(context);
  Watched two(context);
  Watched third(context);
  third.watch.end();
  const auto replace = [&](Watched& ended) {
    ended.watch.end();
    if (third.calls == 0) third.watch.begin(third.readiness, third.socket.native_handle(), third);
  };
  one.heard = [&] { replace(two); };
  two.heard = [&] { replace(one); };
  one.write();
  two.write();
  for (int turn = 0; turn < 10; ++turn) context.poll();
  EXPECT_EQ(one.calls + two.calls, 1);
  EXPECT_EQ(third.calls, 0);
}

TEST(Readiness, all_are_heard_before_any_acts_and_all_act_before_any_sends) {
  asio::io_context context{1};
  std::string passes;
  Watched one(context, &passes);
  Watched two(context, &passes);
  one.write();
  two.write();
  while (passes.size() < 6) context.run_one();
  EXPECT_EQ(passes, "hhaass");
}

TEST(Readiness, watch_that_ends_in_one_pass_is_not_called_in_the_next) {
  for (const bool ends_when_heard : {true, false}) {
    asio::io_context context{1};
    std::string passes;
    Watched one(context, &passes);
    (ends_when_heard ? one.heard : one.acted) = [&] { one.watch.end(); };
    one.write();
    context.run();
    EXPECT_EQ(passes, ends_when_heard ? "h" : "ha");
  }
}

TEST(Readiness, only_a_watch_keeps_the_context_running) {
  asio::io_context context{1};
  Watched one(context);
  one.heard = [&] { one.watch.end(); };
  one.write();
  context.run();
  EXPECT_EQ(one.calls, 1);
  context.restart();
  one.watch.begin(one.readiness, one.socket.native_handle(), one);
  one.write();
  context.run();
  EXPECT_EQ(one.calls, 2);
}

TEST(Readiness, all_watches_can_end_and_begin_again_between_two_looks) {
  for (const bool runs_between : {false, true}) {
    asio::io_context context{1};
    Watched one(context);
    Watched two(context);
    one.heard = [&] { one.watch.end(); };
    one.watch.end();
    two.watch.end();
    if (runs_between) {
      context.run();
      context.restart();
    }
    one.watch.begin(one.readiness, one.socket.native_handle(), one);
    one.write();
    context.run();
    EXPECT_EQ(one.calls, 1);
  }
}

// Answers that come thick are awaited outside the io_context.
TEST(Readiness, answers_without_end_leave_the_thread_its_other_work) {
  asio::io_context context{1};
  Watched one(context);
  one.heard = [&] { one.write(); };
  one.write();
  while (one.calls < 1'000) context.run_one();
  bool done = false;
  asio::post(context, [&] { done = true; });
  for (int turn = 0; turn < 100 && !done; ++turn) context.run_one();
  EXPECT_TRUE(done);
}

// Only the io_context's end is waited for: the socket has nothing more.
TEST(Readiness, watch_that_ends_among_thick_answers_is_no_longer_awaited) {
  asio::io_context context{1};
  Watched one(context);
  one.heard = [&] {
    if (one.calls < 100) return one.write();
    one.watch.end();
  };
  one.write();
  context.run();
  EXPECT_EQ(one.calls, 100);
}

}  // namespace
}  // namespace gensetd::link
