#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace gensetd::profile {

// A profile file that cannot be used. what() is one line for people: "FILE:LINE: what is wrong, what is
// allowed".
struct ProfileError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A position in a profile file. Lines count from 1; 0 is the file as a whole.
struct FilePosition {
  std::string_view file;
  unsigned line = 0;
};

[[noreturn]] void refuse(const FilePosition& position, std::string_view reason);

// A text of the file in quotes, for one line of a message: control characters are replaced, and long texts
// are shortened.
std::string in_quotes(std::string_view text);

}  // namespace gensetd::profile
