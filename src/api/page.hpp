#pragma once

#include "server/message.hpp"

#include <filesystem>
#include <optional>
#include <string_view>

namespace gensetd::api {

// The encodings that a client accepts, from an Accept-Encoding header (RFC 9110, section 12.5.3).
struct AcceptedEncodings {
  bool gzip = false;
  bool brotli = false;
};
AcceptedEncodings accepted_encodings(std::string_view header);

// Whether an If-None-Match header matches this entity tag (RFC 9110, section 13.1.2: weak comparison).
bool matches_entity_tag(std::string_view header, std::string_view tag);

// The files of the dashboard: the built-in ones, or those of a directory, which may change while it is
// served. Paths are not decoded, and no path leads out of the directory.
class Page {
 public:
  explicit Page(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // Empty: there is no such file.
  std::optional<server::HttpResponse> respond(const server::HttpRequest& request) const;

 private:
  std::filesystem::path directory_;  // empty: the built-in files
};

}  // namespace gensetd::api
