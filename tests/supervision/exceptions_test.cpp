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

TEST(Exceptions, every_task_has_a_word_and_a_title_of_its_own) {
  std::set<std::string_view> words;
  std::set<std::string_view> titles;
  for (std::size_t task = 0; task < task_count; ++task) {
    words.insert(word(static_cast<Task>(task)));
    titles.insert(title(static_cast<Task>(task)));
  }
  EXPECT_EQ(words.size(), task_count);
  EXPECT_EQ(titles.size(), task_count);
  EXPECT_FALSE(words.contains("unknown") || titles.contains("unknown"));
}

std::string sentence_about(Task task, const std::string& which) {
  const LogLines log;
  attempt(task, which, "it goes on", [] { throw std::runtime_error("boom"); });
  return log.sentences().at(0);
}

TEST(Exceptions, log_line_names_the_task_once) {
  const std::string end = ": unexpected error (boom); it goes on";
  EXPECT_EQ(sentence_about(Task::device, "device 28 S1/Gen"), "device 28 S1/Gen" + end);
  EXPECT_EQ(sentence_about(Task::device, "Gen 28"), "device Gen 28" + end);
  EXPECT_EQ(sentence_about(Task::device, "devices"), "device devices" + end);
  EXPECT_EQ(sentence_about(Task::http_request, "/api/x"), "HTTP request /api/x" + end);
  EXPECT_EQ(sentence_about(Task::events, ""), "event journal" + end);
}

TEST(Exceptions, shortage_of_memory_says_what_to_do) {
  const std::string text = describe(std::make_exception_ptr(std::bad_alloc()));
  EXPECT_EQ(text.find("out of memory; raise the limit"), 0U) << text;
}

TEST(Exceptions, recent_exceptions_are_listed_by_kind_for_a_minute) {
  using std::chrono::seconds;
  using std::chrono::steady_clock;
  const LogLines log;
  const auto before = steady_clock::now();
  const auto is_recent = [](Task task, steady_clock::time_point now) {
    return (", " + recent_exceptions(now) + ", ").find(", " + std::string{word(task)} + ", ") !=
           std::string::npos;
  };
  EXPECT_FALSE(is_recent(Task::live, before));
  attempt(Task::live, "", "", [] { throw 1; });
  attempt(Task::stop, "", "", [] { throw 1; });
  for (const Task task : {Task::live, Task::stop}) {
    EXPECT_TRUE(is_recent(task, steady_clock::now()));
    EXPECT_TRUE(is_recent(task, before + seconds{60}));
    EXPECT_FALSE(is_recent(task, steady_clock::now() + seconds{61}));
  }
}

TEST(Exceptions, an_attempt_that_throws_is_counted_and_logged_with_its_text) {
  const LogLines log;
  const auto before = count_of(Task::link);
  EXPECT_FALSE(
      attempt(Task::link, "10.0.0.7", "it is opened again", [] { throw std::runtime_error("boom"); }));
  EXPECT_EQ(count_of(Task::link), before + 1);
  ASSERT_EQ(log.sentences().size(), 1U);
  EXPECT_EQ(log.sentences()[0], "connection 10.0.0.7: unexpected error (boom); it is opened again");
}

TEST(Exceptions, an_attempt_that_returns_is_not_counted) {
  const LogLines log;
  const auto before = count_of(Task::link);
  EXPECT_TRUE(attempt(Task::link, "quiet", "", [] {}));
  EXPECT_EQ(count_of(Task::link), before);
  EXPECT_TRUE(log.sentences().empty());
}

TEST(Exceptions, repeated_exceptions_are_counted_but_logged_once) {
  const LogLines log;
  const auto before = count_of(Task::device);
  for (int times = 0; times < 1'000; ++times)
    attempt(Task::device, "device 7", "", [] { throw std::bad_alloc(); });
  attempt(Task::device, "device 8", "", [] { throw std::bad_alloc(); });
  EXPECT_EQ(count_of(Task::device), before + 1'001);
  EXPECT_EQ(log.sentences().size(), 2U) << "one line for each of the two";
}

TEST(Exceptions, memory_for_failed_tasks_is_bounded) {
  const LogLines log;
  for (int device = 0; device < 10'000; ++device)
    attempt(Task::device, "number " + std::to_string(device), "", [] { throw 1; });
  EXPECT_LT(log.sentences().size(), 300U);
}

TEST(Exceptions, an_exception_that_is_not_a_std_exception_has_a_text) {
  EXPECT_EQ(describe(std::make_exception_ptr(7)), "an exception that is not a std::exception");
}

TEST(Exceptions, persisting_ends_with_the_first_success) {
  int tries = 0;
  persist([&] {
    if (++tries < 3) throw std::bad_alloc();
  });
  EXPECT_EQ(tries, 3);
}

TEST(Exceptions, persisting_ends_after_a_hundred_failures_for_other_reasons_than_memory) {
  const LogLines log;
  int tries = 0;
  persist([&] {
    ++tries;
    throw std::logic_error("always");
  });
  EXPECT_EQ(tries, 100);
  ASSERT_EQ(log.sentences().size(), 1U);
  EXPECT_EQ(log.sentences()[0], "internal step: unexpected error (always); it is given up");
}

}  // namespace
}  // namespace gensetd::supervision
