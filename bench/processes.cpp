#include "processes.hpp"

#include "sockets.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>

namespace gensetd::bench {
namespace {

constexpr std::uint32_t loopback = 0x7F000001;

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "gensetd-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Child::Child() : process_(::fork()) {
  if (process_ < 0) throw std::runtime_error("fork");
  if (is_copy()) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

Child::~Child() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

int Child::wait() {
  int status = 0;
  ::waitpid(process_, &status, 0);
  process_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

Program::Program(const std::vector<std::string>& command,
                 const std::map<std::string, std::string>& environment, const std::filesystem::path& log) {
  if (!child_.is_copy()) return;
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  ::_exit(127);
}

std::string gensetd_program() {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "gensetd").string();
}

std::uint16_t free_port() { return port_of(listen_everywhere(0)); }

void wait_until_listening(std::uint16_t port) {
  for (int tries = 0; tries < 400; ++tries) {
    try {
      connect_to(loopback, port);
      return;
    } catch (const std::system_error&) {
      std::this_thread::sleep_for(std::chrono::milliseconds{50});  // the pace of asking
    }
  }
  throw std::runtime_error("nobody listens on port " + std::to_string(port));
}

double resident_kilobytes(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  std::string word;
  double kilobytes = 0;
  while (status >> word)
    if (word == "VmRSS:") status >> kilobytes;
  return kilobytes;
}

std::string http_request(std::uint16_t port, const std::string& method, const std::string& target,
                         const std::string& body) {
  namespace asio = boost::asio;
  namespace http = boost::beast::http;
  asio::io_context context;
  asio::ip::tcp::socket socket(context);
  socket.connect({asio::ip::address_v4::loopback(), port});
  http::request<http::string_body> request(http::string_to_verb(method), target, 11, body);
  request.set(http::field::host, "127.0.0.1");
  request.set(http::field::content_type, "application/json");
  request.prepare_payload();
  http::write(socket, request);
  boost::beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(std::uint64_t{256} * 1024 * 1024);
  http::read(socket, buffer, parser);
  if (parser.get().result_int() >= 300)
    throw std::runtime_error(method + " " + target + ": " + parser.get().body());
  return parser.get().body();
}

double sample(const std::string& metrics, const std::string& name) {
  const std::size_t place = metrics.find("\n" + name + " ");
  if (place == std::string::npos) throw std::runtime_error("there is no metric " + name);
  return std::atof(metrics.c_str() + place + name.size() + 2);
}

}  // namespace gensetd::bench
