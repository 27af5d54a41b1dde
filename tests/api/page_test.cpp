#include "api/page.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <unistd.h>

namespace gensetd::api {
namespace {

namespace fs = std::filesystem;

std::string header(const server::HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return {};
}

TEST(Page, encodings_are_those_of_the_accept_header) {
  const auto taken = [](std::string_view text) {
    const AcceptedEncodings encodings = accepted_encodings(text);
    return std::string{encodings.gzip ? "gzip" : ""} + (encodings.brotli ? "br" : "");
  };
  EXPECT_EQ(taken(""), "");
  EXPECT_EQ(taken("identity"), "");
  EXPECT_EQ(taken("gzip, deflate"), "gzip");
  EXPECT_EQ(taken("gzip, deflate, br, zstd"), "gzipbr");
  EXPECT_EQ(taken("br;q=0.5 ,gzip;q=1"), "gzipbr");
  EXPECT_EQ(taken("gzip;q=0, br;q=0.000"), "");
  EXPECT_EQ(taken("gzip;q=x"), "") << "an invalid weight counts as 0";
  EXPECT_EQ(taken("xgzip,,brotli"), "");
}

TEST(Page, entity_tags_are_compared_weakly) {
  EXPECT_TRUE(matches_entity_tag(R"("a-gz")", R"("a-gz")"));
  EXPECT_TRUE(matches_entity_tag(R"("b", W/"a-gz")", R"("a-gz")"));
  EXPECT_TRUE(matches_entity_tag("*", R"("a")"));
  EXPECT_FALSE(matches_entity_tag("", R"("a")"));
  EXPECT_FALSE(matches_entity_tag(R"("a-br")", R"("a-gz")"));
  EXPECT_FALSE(matches_entity_tag("a", R"("a")"));
}

// A directory with a page, and a file outside of it that must not be served.
class PageOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(root_ / "page/assets");
    write("page/index.html", "<p>hello</p>");
    write("page/assets/a.js", "1");
    write("page/.hidden", "x");
    write("secret.txt", "s");
    fs::create_symlink(root_ / "secret.txt", root_ / "page/link.txt");
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const char* name, std::string_view text) const { std::ofstream(root_ / name) << text; }
  std::optional<server::HttpResponse> get(std::string_view path, std::string_view if_none_match = {}) const {
    return Page(root_ / "page").respond({.path = path, .if_none_match = if_none_match});
  }

  const fs::path root_ =
      fs::temp_directory_path() / ("gensetd-page-" + std::to_string(::getpid()) + "-" +
                                   testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(PageOnDisk, files_have_a_content_type_and_a_cache_time) {
  const auto page = get("/");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->body, "<p>hello</p>");
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
  EXPECT_EQ(header(*page, "Cache-Control"), "no-cache");
  const auto asset = get("/assets/a.js");
  ASSERT_TRUE(asset);
  EXPECT_EQ(asset->content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(header(*asset, "Cache-Control"), "public, max-age=31536000, immutable");
}

TEST_F(PageOnDisk, unchanged_file_is_not_sent_again_and_a_changed_one_is) {
  const std::string tag = header(*get("/"), "ETag");
  ASSERT_FALSE(tag.empty());
  const auto same = get("/", tag);
  EXPECT_EQ(same->status, 304U);
  EXPECT_TRUE(same->body.empty());
  EXPECT_EQ(header(*same, "ETag"), tag);
  write("page/index.html", "<p>another</p>");
  EXPECT_EQ(get("/", tag)->status, 200U);
}

TEST_F(PageOnDisk, no_path_leads_out_of_the_directory) {
  for (const char* path :
       {"/../secret.txt", "/assets/../../secret.txt", "/link.txt", "/.hidden", "/assets/..", "//etc/passwd",
        "/assets", "/nothing", "", "index.html", "/..\\secret.txt", "/%2e%2e/secret.txt"})
    EXPECT_FALSE(get(path)) << path;
  EXPECT_FALSE(get(std::string_view{"/index.html\0.txt", 16}));
}

}  // namespace
}  // namespace gensetd::api
