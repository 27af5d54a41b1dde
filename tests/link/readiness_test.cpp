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

// A registered socket and its other end.
struct Watched final : Readiness::Listener {
  explicit Watched(asio::io_context& context, std::string* all_passes = nullptr)
      : readiness(Readiness::of(context)), socket(context), other(context), passes(all_passes) {
    asio::local::connect_pair(socket, other);
    registration.begin(readiness, socket.native_handle(), *this);
  }
  void write() { asio::write(other, asio::buffer("x", 1)); }
  void receive() override {
    ++calls;
    note('r');
    if (reads) {
      char byte = 0;
      asio::read(socket, asio::buffer(&byte, 1));
    }
    on_receive();
  }
  void process() override {
    note('p');
    on_process();
  }
  void send() override { note('s'); }
  void note(char pass) const {
    if (passes != nullptr) *passes += pass;
  }

  Readiness& readiness;
  asio::local::stream_protocol::socket socket;
  asio::local::stream_protocol::socket other;
  Readiness::Registration registration;
  std::function<void()> on_receive = [] {};
  std::function<void()> on_process = [] {};
  std::string* passes;  // of all, in order
  bool reads = true;
  int calls = 0;
};

TEST(Readiness, unread_socket_is_notified_again_and_a_read_one_is_not) {
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

// Both are ready in one wait: the first one notified ends the other, whose slot goes to a third.
TEST(Readiness, ended_registration_is_not_notified_even_if_its_slot_is_reused) {
  asio::io_context context{1};
  Watched one(context);
  Watched two(context);
  Watched third(context);
  third.registration.end();
  const auto replace = [&](Watched& ended) {
    ended.registration.end();
    if (third.calls == 0) third.registration.begin(third.readiness, third.socket.native_handle(), third);
  };
  one.on_receive = [&] { replace(two); };
  two.on_receive = [&] { replace(one); };
  one.write();
  two.write();
  for (int turn = 0; turn < 10; ++turn) context.poll();
  EXPECT_EQ(one.calls + two.calls, 1);
  EXPECT_EQ(third.calls, 0);
}

TEST(Readiness, each_pass_covers_all_sockets_before_the_next_begins) {
  asio::io_context context{1};
  std::string passes;
  Watched one(context, &passes);
  Watched two(context, &passes);
  one.write();
  two.write();
  while (passes.size() < 6) context.run_one();
  EXPECT_EQ(passes, "rrppss");
}

TEST(Readiness, registration_that_ends_in_one_pass_is_not_called_in_the_next) {
  for (const bool ends_in_receive : {true, false}) {
    asio::io_context context{1};
    std::string passes;
    Watched one(context, &passes);
    (ends_in_receive ? one.on_receive : one.on_process) = [&] { one.registration.end(); };
    one.write();
    context.run();
    EXPECT_EQ(passes, ends_in_receive ? "r" : "rp");
  }
}

TEST(Readiness, only_a_registration_keeps_the_context_running) {
  asio::io_context context{1};
  Watched one(context);
  one.on_receive = [&] { one.registration.end(); };
  one.write();
  context.run();
  EXPECT_EQ(one.calls, 1);
  context.restart();
  one.registration.begin(one.readiness, one.socket.native_handle(), one);
  one.write();
  context.run();
  EXPECT_EQ(one.calls, 2);
}

TEST(Readiness, all_registrations_can_end_and_begin_again_between_two_waits) {
  for (const bool runs_between : {false, true}) {
    asio::io_context context{1};
    Watched one(context);
    Watched two(context);
    one.on_receive = [&] { one.registration.end(); };
    one.registration.end();
    two.registration.end();
    if (runs_between) {
      context.run();
      context.restart();
    }
    one.registration.begin(one.readiness, one.socket.native_handle(), one);
    one.write();
    context.run();
    EXPECT_EQ(one.calls, 1);
  }
}

// During a burst, responses are awaited outside the io_context.
TEST(Readiness, endless_burst_leaves_the_thread_time_for_other_work) {
  asio::io_context context{1};
  Watched one(context);
  one.on_receive = [&] { one.write(); };
  one.write();
  while (one.calls < 1'000) context.run_one();
  bool done = false;
  asio::post(context, [&] { done = true; });
  for (int turn = 0; turn < 100 && !done; ++turn) context.run_one();
  EXPECT_TRUE(done);
}

// Nothing more arrives, so context.run() must return.
TEST(Readiness, registration_that_ends_during_a_burst_is_no_longer_awaited) {
  asio::io_context context{1};
  Watched one(context);
  one.on_receive = [&] {
    if (one.calls < 100) return one.write();
    one.registration.end();
  };
  one.write();
  context.run();
  EXPECT_EQ(one.calls, 100);
}

}  // namespace
}  // namespace gensetd::link
