#include "stream/wake_list.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

namespace gensetd::stream {
namespace {

struct Client final : WakeList::Waiter {
  int woken = 0;
  std::function<void()> then = [] {};
  void wake_up(ClockPair) noexcept override {
    ++woken;
    then();
  }
};

class WakeListTest : public testing::Test {
 protected:
  boost::asio::io_context context;
  std::shared_ptr<WakeList> list = std::make_shared<WakeList>(context);
  Client client;
  Client other;
};

TEST_F(WakeListTest, client_is_woken_once_and_later_however_often_it_was_added) {
  list->add(client);
  list->add(client);
  EXPECT_EQ(client.woken, 0);
  context.run();
  EXPECT_EQ(client.woken, 1);
}

TEST_F(WakeListTest, other_handlers_run_between_two_slices) {
  std::vector<Client> clients(3 * WakeList::slice);
  for (Client& one : clients) list->add(one);
  std::vector<int> woken_when_others_ran;
  std::function<void()> count = [&] {
    int woken = 0;
    for (const Client& one : clients) woken += one.woken;
    woken_when_others_ran.push_back(woken);
    if (woken_when_others_ran.size() < 4) boost::asio::post(context, count);
  };
  boost::asio::post(context, count);
  context.run();
  const int slice = static_cast<int>(WakeList::slice);
  EXPECT_EQ(woken_when_others_ran, (std::vector{slice, 2 * slice, 3 * slice, 3 * slice}));
}

TEST_F(WakeListTest, client_may_be_added_again_while_it_is_woken) {
  client.then = [&] {
    if (client.woken < 3) list->add(client);
  };
  list->add(client);
  context.run();
  EXPECT_EQ(client.woken, 3);
}

TEST_F(WakeListTest, removed_client_is_not_woken_but_its_neighbours_are) {
  Client last;
  for (Client* one : {&client, &other, &last}) list->add(*one);
  client.then = [&] { list->remove(other); };
  context.run();
  EXPECT_EQ(other.woken, 0);
  EXPECT_EQ(last.woken, 1);
  list->add(client);
  list->remove(client);
  list->add(other);
  context.restart();
  context.run();
  EXPECT_EQ(client.woken, 1);
  EXPECT_EQ(other.woken, 1);
}

TEST_F(WakeListTest, list_may_be_destroyed_before_its_handler_runs) {
  list->add(client);
  list.reset();
  context.run();
  EXPECT_EQ(client.woken, 0);
}

}  // namespace
}  // namespace gensetd::stream
