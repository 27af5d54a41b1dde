#pragma once

#include "free_port.hpp"

#include <hiredis/hiredis.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace gensetd::redis {

// hiredis' own blocking client: what a customer's program would see.
class PlainClient {
 public:
  explicit PlainClient(std::uint16_t port, const std::string& password = {})
      : context_(redisConnectWithTimeout("127.0.0.1", port, timeval{5, 0})) {
    if (context_ == nullptr || context_->err != 0) return;
    redisSetTimeout(context_.get(), timeval{5, 0});
    if (!password.empty()) command({"AUTH", password});
  }

  using ReplyPtr = std::unique_ptr<redisReply, void (*)(void*)>;

  // Null when the connection is lost.
  ReplyPtr command(const std::vector<std::string>& arguments) {
    std::vector<const char*> texts;
    std::vector<std::size_t> lengths;
    for (const std::string& argument : arguments) {
      texts.push_back(argument.data());
      lengths.push_back(argument.size());
    }
    if (context_ == nullptr || context_->err != 0) return {nullptr, freeReplyObject};
    void* reply =
        redisCommandArgv(context_.get(), static_cast<int>(texts.size()), texts.data(), lengths.data());
    return {static_cast<redisReply*>(reply), freeReplyObject};
  }

  std::string text(const std::vector<std::string>& arguments) {
    const ReplyPtr reply = command(arguments);
    return reply && reply->str != nullptr ? std::string(reply->str, reply->len) : std::string();
  }

  long long integer(const std::vector<std::string>& arguments) {
    const ReplyPtr reply = command(arguments);
    return reply && reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1000;
  }

  std::map<std::string, std::string> hash(std::int64_t device_id) {
    const ReplyPtr reply = command({"HGETALL", "device:" + std::to_string(device_id) + ":metrics"});
    std::map<std::string, std::string> fields;
    for (std::size_t index = 0; reply && index + 1 < reply->elements; index += 2) {
      const redisReply* name = reply->element[index];
      const redisReply* value = reply->element[index + 1];
      fields.emplace(std::string(name->str, name->len), std::string(value->str, value->len));
    }
    return fields;
  }

  // The next pushed message within `wait`; empty when there was none.
  std::string message(std::chrono::milliseconds wait) {
    redisSetTimeout(context_.get(), timeval{0, std::chrono::microseconds(wait).count()});
    void* raw = nullptr;
    if (redisGetReply(context_.get(), &raw) != REDIS_OK) {
      context_->err = 0;  // a timeout leaves the connection usable
      return {};
    }
    const ReplyPtr reply{static_cast<redisReply*>(raw), freeReplyObject};
    const bool is_message = reply && reply->elements == 3 && reply->element[2]->str != nullptr;
    return is_message ? std::string(reply->element[2]->str, reply->element[2]->len) : std::string();
  }

 private:
  struct Free {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  std::unique_ptr<redisContext, Free> context_;
};

// A redis-server of its own on a free port of loopback, without files; ends with the object.
class RedisServer {
 public:
  explicit RedisServer(std::string password = {}) : password_(std::move(password)) {
    for (int attempt = 0; attempt < 5; ++attempt) {
      port_ = free_port();
      if (start()) return;
    }
    throw std::runtime_error("redis-server did not start");
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer() { kill(); }

  std::uint16_t port() const { return port_; }
  std::string url() const {
    return "redis://" + (password_.empty() ? "" : ":" + password_ + "@") +
           "127.0.0.1:" + std::to_string(port_);
  }

  // Starts or restarts it on its port; false when it did not start.
  bool start() {
    const std::string port_text = std::to_string(port_);
    std::vector<std::string> words{"redis-server", "--port",     port_text, "--bind",
                                   "127.0.0.1",    "--save",     "",        "--appendonly",
                                   "no",           "--loglevel", "warning"};
    if (!password_.empty()) words.insert(words.end(), {"--requirepass", password_});
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    process_ = fork();
    if (process_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (freopen("/dev/null", "w", stdout) == nullptr) _exit(126);
      execvp(arguments[0], arguments.data());
      _exit(127);
    }
    return came_up();
  }

  void kill() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
  }
  void freeze() const { ::kill(process_, SIGSTOP); }
  void thaw() const { ::kill(process_, SIGCONT); }

 private:
  bool came_up() {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (std::chrono::steady_clock::now() < limit) {
      if (::waitpid(process_, nullptr, WNOHANG) == process_) {
        process_ = -1;
        return false;
      }
      PlainClient client(port_, password_);
      if (client.text({"PING"}) == "PONG") return true;
      std::this_thread::sleep_for(std::chrono::milliseconds{10});  // polling interval
    }
    kill();
    return false;
  }

  const std::string password_;
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
};

}  // namespace gensetd::redis
