#pragma once

#include "http/message.hpp"

#include <filesystem>
#include <optional>
#include <string_view>

namespace gensetd::http {

// What a client takes, of an Accept-Encoding header (RFC 9110, 12.5.3).
struct AcceptedEncodings {
  bool gzip = false;
  bool brotli = false;
};
AcceptedEncodings accepted_encodings(std::string_view header);

// Whether an If-None-Match header names this entity tag (RFC 9110, 13.1.2: compared weakly).
bool none_match_names(std::string_view header, std::string_view tag);

// The files of the dashboard: those built in, or those of a directory, which may change while it is served.
// Paths are compared as they are: nothing is decoded, and no path leads out of the directory.
class Page {
 public:
  explicit Page(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // Nothing: there is no such file.
  std::optional<Answer> answer(const Request& request) const;

 private:
  std::filesystem::path directory_;  // empty: what is built in
};

}  // namespace gensetd::http
