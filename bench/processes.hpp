#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

// Other programs that a measurement starts. Functions that fail throw std::runtime_error.
namespace gensetd::bench {

// A temporary folder, deleted with this object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A forked copy of this process, ended with this object or with this process. Use: if is_copy(), do its work
// and never return. Construct it before any thread is started.
class Child {
 public:
  Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();
  bool is_copy() const { return process_ == 0; }
  pid_t process() const { return process_; }
  int wait();  // its exit status

 private:
  pid_t process_;
};

// A program, ended with this object or with this process. Its output goes to `log`.
class Program {
 public:
  Program(const std::vector<std::string>& command, const std::map<std::string, std::string>& environment,
          const std::filesystem::path& log);
  pid_t process() const { return child_.process(); }
  int wait() { return child_.wait(); }  // its exit status

 private:
  Child child_;
};

// The gensetd in the same build directory.
std::string gensetd_program();

std::uint16_t free_port();
void wait_until_listening(std::uint16_t port);  // at most 20 s
double resident_kilobytes(pid_t process);

// One HTTP request to 127.0.0.1; returns the response body.
std::string http_request(std::uint16_t port, const std::string& method, const std::string& target,
                         const std::string& body = {});

// The value of the one sample of a metric without labels, in the text of /metrics.
double sample(const std::string& metrics, const std::string& name);

}  // namespace gensetd::bench
