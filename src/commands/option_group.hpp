#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <utility>
#include <vector>

namespace gensetd::commands {

// Options of a subcommand that --help prints together under one heading. `kind` is what --help prints for the
// value, such as SECONDS. `command` must outlive the group.
class OptionGroup {
 public:
  OptionGroup(CLI::App& command, std::string heading) : command_(command), heading_(std::move(heading)) {}

  template <class Value>
  CLI::Option* add(const char* option, const char* kind, Value& value, const char* meaning) {
    return command_.add_option(option, value, meaning)->type_name(kind)->group(heading_);
  }
  // --help also prints the value that the variable has now.
  template <class Value>
  void add_with_default(const char* option, const char* kind, Value& value, const char* meaning) {
    add(option, kind, value, meaning)->capture_default_str();
  }
  // Several values, separated by commas.
  template <class Value>
  void list(const char* option, const char* kind, std::vector<Value>& values, const char* meaning) {
    add(option, kind, values, meaning)->delimiter(',');
  }
  void flag(const char* option, bool& value, const char* meaning) {
    command_.add_flag(option, value, meaning)->group(heading_);
  }

 private:
  CLI::App& command_;
  std::string heading_;
};

}  // namespace gensetd::commands
