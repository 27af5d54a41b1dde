#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace gensetd::http {

// A run of bytes within all those of the built page; length 0: there is none.
struct PageBytes {
  std::size_t offset = 0;
  std::size_t length = 0;
};

// A file of the dashboard as the program was built with it.
struct PageFile {
  std::string_view path;  // "/assets/index-B1x.js", or "/index.html"
  std::string_view content_type;
  std::string_view digest;  // of the plain bytes
  PageBytes plain;
  PageBytes gzip;
  PageBytes brotli;
};

// Ascending by path; empty when the program was built without the dashboard. The definition is generated
// by web/tools/pack.js.
std::span<const PageFile> page_files();

// What a PageBytes says. The bytes stand in page_bytes.S.
std::string_view page_text(PageBytes bytes);

}  // namespace gensetd::http
