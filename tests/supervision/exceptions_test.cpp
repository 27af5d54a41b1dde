#include "supervision/exceptions.hpp"

#include "supervision/log_lines.hpp"

#include <gtest/gtest.h>

#include <new>
#include <set>
#include <stdexcept>
#include <string>

namespace gensetd::supervision {
namespace {

std::uint64_t count_of(Task task) { return exception_counts()[static_cast<std::size_t>(task)]; }

TEST(Exceptions, every_task_has_a_word_of_its_own) {
  std::set<std::string_view> words;
  for (std::size_t task = 0; task < task_count; ++task) words.insert(word(static_cast<Task>(task)));
  EXPECT_EQ(words.size(), task_count);
  EXPECT_FALSE(words.contains("unknown"));
}

TEST(Exceptions, an_attempt_that_throws_is_counted_and_logged_with_its_text) {
  const LogLines log;
  const auto before = count_of(Task::link);
  EXPECT_FALSE(
      attempt(Task::link, "10.0.0.7", "it is opened again", [] { throw std::runtime_error("boom"); }));
  EXPECT_EQ(count_of(Task::link), before + 1);
  ASSERT_EQ(log.sentences().size(), 1U);
  EXPECT_EQ(log.sentences()[0], "link 10.0.0.7: unexpected error (boom); it is opened again");
}

TEST(Exceptions, an_attempt_that_returns_leaves_no_trace) {
  const LogLines log;
  const auto before = count_of(Task::link);
  EXPECT_TRUE(attempt(Task::link, "quiet", "", [] {}));
  EXPECT_EQ(count_of(Task::link), before);
  EXPECT_TRUE(log.sentences().empty());
}

TEST(Exceptions, one_that_comes_again_and_again_is_counted_but_does_not_flood_the_log) {
  const LogLines log;
  const auto before = count_of(Task::device);
  for (int times = 0; times < 1'000; ++times)
    attempt(Task::device, "device 7", "", [] { throw std::bad_alloc(); });
  attempt(Task::device, "device 8", "", [] { throw std::bad_alloc(); });
  EXPECT_EQ(count_of(Task::device), before + 1'001);
  EXPECT_EQ(log.sentences().size(), 2U) << "one for each of the two";
}

TEST(Exceptions, however_many_tasks_fail_what_is_remembered_of_them_is_bounded) {
  const LogLines log;
  for (int device = 0; device < 10'000; ++device)
    attempt(Task::device, "number " + std::to_string(device), "", [] { throw 1; });
  EXPECT_LT(log.sentences().size(), 300U);
}

TEST(Exceptions, what_is_no_std_exception_has_a_text_too) {
  EXPECT_EQ(describe(std::make_exception_ptr(7)), "an exception that is no std::exception");
}

TEST(Exceptions, persisting_ends_with_the_first_success) {
  int tries = 0;
  persist([&] {
    if (++tries < 3) throw std::bad_alloc();
  });
  EXPECT_EQ(tries, 3);
}

TEST(Exceptions, persisting_gives_up_what_fails_for_another_reason_than_memory) {
  const LogLines log;
  int tries = 0;
  persist([&] {
    ++tries;
    throw std::logic_error("always");
  });
  EXPECT_EQ(tries, 100);
  ASSERT_EQ(log.sentences().size(), 1U);
  EXPECT_EQ(log.sentences()[0], "step: unexpected error (always); it is given up");
}

}  // namespace
}  // namespace gensetd::supervision
