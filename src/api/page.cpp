#include "api/page.hpp"

#include "api/page_file.hpp"
#include "api/static_files.hpp"
#include "text/list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string>

extern "C" {
extern const char gensetd_page_bytes[];
}

namespace gensetd::api {

using server::HttpRequest;
using server::HttpResponse;

std::string_view page_text(PageBytes bytes) { return {gensetd_page_bytes + bytes.offset, bytes.length}; }

namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t file_bytes_max = 16'777'216;

// The weight in "gzip;q=0.5". An invalid one counts as 0.
double weight_of(std::string_view entry) {
  const auto semicolon = entry.find(';');
  if (semicolon == std::string_view::npos) return 1;
  const std::string_view parameter = text::trimmed(entry.substr(semicolon + 1));
  if (!parameter.starts_with("q=")) return 1;
  const std::string_view number = parameter.substr(2);
  double weight = 0;
  std::from_chars(number.data(), number.data() + number.size(), weight);
  return weight;
}

// A name under /assets/ contains a digest of the content, so such a file never changes.
std::string_view cache_control(std::string_view path) {
  return path.starts_with("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
}

std::string_view content_type(std::string_view path) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> types = {
      {{".html", "text/html; charset=utf-8"},
       {".js", "text/javascript; charset=utf-8"},
       {".css", "text/css; charset=utf-8"},
       {".svg", "image/svg+xml"},
       {".png", "image/png"},
       {".ico", "image/x-icon"},
       {".json", "application/json"},
       {".txt", "text/plain; charset=utf-8"}}};
  for (const auto& [ending, type] : types)
    if (path.ends_with(ending)) return type;
  return "application/octet-stream";
}

// Responds 304 without a body when the client already has this version.
HttpResponse file_response(const HttpRequest& request, std::string_view path, std::string tag,
                           std::string_view encoding, std::string_view type, std::string body) {
  HttpResponse response{.body = std::move(body), .content_type = std::string{type}};
  response.headers = {
      {"Cache-Control", std::string{cache_control(path)}}, {"Vary", "Accept-Encoding"}, {"ETag", tag}};
  if (matches_entity_tag(request.if_none_match, tag)) {
    response.status = 304;
    response.body.clear();
  } else if (!encoding.empty()) {
    response.headers.emplace_back("Content-Encoding", encoding);
  }
  return response;
}

std::optional<HttpResponse> built_in_file(const HttpRequest& request, std::string_view path) {
  const auto files = page_files();
  const auto file = std::ranges::lower_bound(files, path, {}, &PageFile::path);
  if (file == files.end() || file->path != path) return std::nullopt;
  const AcceptedEncodings accepted = accepted_encodings(request.accept_encoding);
  PageBytes bytes = file->plain;
  std::string_view encoding;
  if (accepted.brotli && file->brotli.length > 0) {
    bytes = file->brotli;
    encoding = "br";
  } else if (accepted.gzip && file->gzip.length > 0) {
    bytes = file->gzip;
    encoding = "gzip";
  }
  const std::string tag = fmt::format("\"{}{}{}\"", file->digest, encoding.empty() ? "" : "-", encoding);
  return file_response(request, path, tag, encoding, file->content_type, std::string{page_text(bytes)});
}

// No part of the path begins with a dot, so none leads upwards and none is hidden.
bool is_plain(std::string_view path) {
  return path.starts_with('/') && path.find("/.") == std::string_view::npos &&
         path.find_first_of(std::string_view{"\\\0", 2}) == std::string_view::npos;
}

bool lies_within(const fs::path& directory, const fs::path& file) {
  const auto [end, ignored] = std::mismatch(directory.begin(), directory.end(), file.begin(), file.end());
  return end == directory.end();
}

std::optional<HttpResponse> file_on_disk(const HttpRequest& request, const fs::path& directory,
                                         std::string_view path) {
  if (!is_plain(path)) return std::nullopt;
  std::error_code failed;
  const fs::path root = fs::canonical(directory, failed);
  if (failed) return std::nullopt;
  const fs::path file = fs::canonical(root / path.substr(1), failed);
  if (failed || !lies_within(root, file) || !fs::is_regular_file(file, failed)) return std::nullopt;
  const auto size = fs::file_size(file, failed);
  if (failed || size > file_bytes_max) return std::nullopt;
  const auto changed = fs::last_write_time(file, failed);
  if (failed) return std::nullopt;
  std::ifstream stream(file, std::ios::binary);
  std::string body{std::istreambuf_iterator<char>(stream), {}};
  const std::string tag = fmt::format("\"{:x}-{:x}\"", changed.time_since_epoch().count(), size);
  return file_response(request, path, tag, "", content_type(path), std::move(body));
}

std::optional<HttpResponse> stub_page(const HttpRequest& request) {
  if (request.path != "/") return std::nullopt;
  for (const StaticFile& file : static_files()) {
    if (file.name == "stub.html")
      return HttpResponse{.body = std::string{file.text}, .content_type = "text/html; charset=utf-8"};
  }
  return std::nullopt;
}

}  // namespace

AcceptedEncodings accepted_encodings(std::string_view header) {
  AcceptedEncodings accepted;
  for (const std::string_view entry : text::split_list(header)) {
    const std::string_view name = text::trimmed(entry.substr(0, entry.find(';')));
    if (name == "gzip") accepted.gzip = weight_of(entry) > 0;
    if (name == "br") accepted.brotli = weight_of(entry) > 0;
  }
  return accepted;
}

bool matches_entity_tag(std::string_view header, std::string_view tag) {
  return std::ranges::any_of(text::split_list(header), [&](std::string_view entry) {
    entry = text::trimmed(entry);
    if (entry.starts_with("W/")) entry.remove_prefix(2);
    return entry == tag || entry == "*";
  });
}

std::optional<HttpResponse> Page::respond(const HttpRequest& request) const {
  const std::string_view path = request.path == "/" ? "/index.html" : request.path;
  if (!directory_.empty()) return file_on_disk(request, directory_, path);
  if (page_files().empty()) return stub_page(request);
  return built_in_file(request, path);
}

}  // namespace gensetd::api
