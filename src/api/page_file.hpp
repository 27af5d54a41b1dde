#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace gensetd::api {

// A range of the concatenated files of the page; length 0: there is none.
struct PageBytes {
  std::size_t offset = 0;
  std::size_t length = 0;
};

// A built-in file of the dashboard.
struct PageFile {
  std::string_view path;  // "/assets/index-B1x.js", or "/index.html"
  std::string_view content_type;
  std::string_view digest;  // of the plain bytes
  PageBytes plain;
  PageBytes gzip;
  PageBytes brotli;
};

// Sorted by path; empty when the program was built without the dashboard. web/tools/pack.js generates the
// definition.
std::span<const PageFile> page_files();

// The text of a range. The bytes are in page_bytes.S.
std::string_view page_text(PageBytes bytes);

}  // namespace gensetd::api
