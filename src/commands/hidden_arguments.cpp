#include "commands/hidden_arguments.hpp"

#include <array>
#include <cstring>
#include <string_view>

namespace gensetd::commands {
namespace {

constexpr std::array<std::string_view, 5> secret_options{"--database-url", "--redis-url", "--api-token",
                                                         "--read-token", "--token"};

// Linux shows the memory that argv points to (proc(5), /proc/pid/cmdline).
void overwrite(char* text) { std::memset(text, '*', std::strlen(text)); }

}  // namespace

void hide_secret_arguments(int argc, char** argv) {
  for (int index = 1; index < argc; ++index) {
    const std::string_view argument = argv[index];
    for (const std::string_view option : secret_options) {
      if (!argument.starts_with(option)) continue;
      if (argument.size() == option.size() && index + 1 < argc) overwrite(argv[index + 1]);
      if (argument.substr(option.size()).starts_with('=')) overwrite(argv[index] + option.size() + 1);
    }
  }
}

}  // namespace gensetd::commands
