#include "daemon/process_metrics.hpp"

#include "daemon/descriptors.hpp"

#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace gensetd::daemon {
namespace {

// The fields of /proc/self/stat from the third (the state) on. The second is the program's name in brackets,
// which may contain any character.
struct Stat {
  std::vector<std::string> fields;

  std::optional<double> operator[](std::size_t number) const {
    if (number < 3 || number - 3 >= fields.size()) return std::nullopt;
    return std::stod(fields[number - 3]);
  }
};

std::string text_of(const char* file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

Stat read_stat() {
  const std::string text = text_of("/proc/self/stat");
  const auto behind_name = text.rfind(')');
  if (behind_name == std::string::npos) return {};
  std::istringstream rest(text.substr(behind_name + 1));
  return {{std::istream_iterator<std::string>(rest), {}}};
}

// Start of the machine in seconds since 1970.
std::optional<double> boot_time() {
  const std::string text = text_of("/proc/stat");
  constexpr std::string_view key = "\nbtime ";
  const auto place = text.find(key);
  if (place == std::string::npos) return std::nullopt;
  return std::stod(text.substr(place + key.size()));
}

}  // namespace

void add_process_metrics(measure::MetricFamilies& families) {
  const auto gauge = [&](std::string_view name, std::string_view help, std::optional<double> value) {
    if (value) families.gauge(name, help, *value);
  };
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) {
    const auto time = [](const timeval& value) {
      return std::chrono::seconds{value.tv_sec} + std::chrono::microseconds{value.tv_usec};
    };
    families.seconds_counter("process_cpu_seconds_total", "Processor time used, user and system.",
                             time(usage.ru_utime) + time(usage.ru_stime));
  }
  // Field numbers: proc(5), /proc/[pid]/stat.
  const Stat stat = read_stat();
  gauge("process_threads", "Threads of the process.", stat[20]);
  gauge("process_virtual_memory_bytes", "Virtual memory.", stat[23]);
  if (const auto pages = stat[24])
    gauge("process_resident_memory_bytes", "Resident memory.",
          *pages * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  const auto boot = boot_time();
  const auto started = stat[22];
  if (boot && started)
    gauge("process_start_time_seconds", "When the process started, in seconds since 1970.",
          *boot + *started / static_cast<double>(::sysconf(_SC_CLK_TCK)));
  if (const std::size_t open = open_descriptors(); open > 0)
    gauge("process_open_fds", "Open file descriptors.", static_cast<double>(open));
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    gauge("process_max_fds", "File descriptors that may be open.", static_cast<double>(limit.rlim_cur));
}

}  // namespace gensetd::daemon
