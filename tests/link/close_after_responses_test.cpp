#include "link/close_after_responses.hpp"

#include <gtest/gtest.h>

namespace gensetd::link {
namespace {

using namespace std::chrono_literals;

class CloseAfterResponsesTest : public testing::Test {
 protected:
  // A connection that the peer closes so long after its last response, while a request is pending.
  void connection(int responses, std::chrono::milliseconds close_delay, bool request_pending = true) {
    peer_.opened();
    respond(responses);
    now_ += close_delay;
    peer_.closed(request_pending, now_);
  }
  void respond(int times) {
    for (int response = 0; response < times; ++response) peer_.responded(now_ += 100ms);
  }
  // How long the next request has to wait.
  std::chrono::milliseconds wait() const {
    return std::chrono::floor<std::chrono::milliseconds>(std::max(peer_.wait_until(), now_) - now_);
  }

  CloseAfterResponses peer_;
  SteadyTime now_{1h};
};

TEST_F(CloseAfterResponsesTest, is_expected_after_two_connections_with_equal_counts) {
  connection(1, 50ms);
  peer_.opened();
  respond(1);
  EXPECT_EQ(wait(), 0ms) << "one may be chance";
  now_ += 60ms;
  peer_.closed(true, now_);
  peer_.opened();
  EXPECT_EQ(wait(), 0ms) << "no response yet";
  respond(1);
  EXPECT_EQ(wait(), 160ms) << "the longest delay and a margin";
  now_ += 70ms;
  peer_.closed(false, now_);
  peer_.opened();
  respond(1);
  EXPECT_EQ(wait(), 170ms) << "it goes on when no request is lost any more";
}

TEST_F(CloseAfterResponsesTest, is_expected_only_after_the_usual_number_of_responses) {
  for (int times = 0; times < 2; ++times) connection(3, 10ms);
  peer_.opened();
  respond(2);
  EXPECT_EQ(wait(), 0ms);
  respond(1);
  EXPECT_EQ(wait(), 110ms);
}

TEST_F(CloseAfterResponsesTest, is_forgotten_when_the_peer_does_not_close_in_time) {
  for (int times = 0; times < 2; ++times) connection(1, 50ms);
  peer_.opened();
  respond(1);
  now_ = peer_.wait_until();
  peer_.sent(now_);
  respond(1);
  EXPECT_EQ(wait(), 0ms);
  for (int times = 0; times < 7; ++times) connection(1, 50ms);
  peer_.opened();
  respond(1);
  EXPECT_EQ(wait(), 0ms) << "it needs more connections now";
  connection(1, 50ms);
  peer_.opened();
  respond(1);
  EXPECT_EQ(wait(), 150ms);
}

TEST_F(CloseAfterResponsesTest, is_forgotten_when_a_connection_yields_more_responses) {
  connection(1, 50ms);
  connection(100, 50ms, false);
  connection(1, 50ms);
  peer_.opened();
  respond(1);
  EXPECT_EQ(wait(), 0ms);
}

TEST_F(CloseAfterResponsesTest, is_tested_by_a_request_after_many_closes_of_idle_connections) {
  for (int times = 0; times < 2; ++times) connection(1, 50ms);
  int waits = 0;
  for (; waits < 100; ++waits) {
    peer_.opened();
    respond(1);
    if (wait() == 0ms) break;
    now_ += 50ms;
    peer_.closed(false, now_);
  }
  EXPECT_EQ(waits, 20);
  now_ += 50ms;
  peer_.closed(true, now_);
  peer_.opened();
  respond(1);
  EXPECT_EQ(wait(), 150ms) << "the request was lost: the peer still closes";
}

TEST_F(CloseAfterResponsesTest,
       other_counts_and_closes_that_are_late_or_idle_or_before_a_response_are_no_sign) {
  connection(1, 50ms);
  connection(2, 50ms);
  peer_.opened();
  respond(2);
  EXPECT_EQ(wait(), 0ms);
  for (int times = 0; times < 3; ++times) connection(4, 700ms);
  for (int times = 0; times < 3; ++times) connection(0, 10ms);
  for (int times = 0; times < 3; ++times) connection(4, 10ms, false);
  peer_.opened();
  respond(4);
  EXPECT_EQ(wait(), 0ms);
}

}  // namespace
}  // namespace gensetd::link
