#include "api/api.hpp"

#include "api/static_files.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

// The route table and web/openapi.json name the same routes. tests/e2e/test_description.py compares the
// responses.
namespace gensetd::api {
namespace {

namespace json = boost::json;

// Whether a route needs no token, by method and path: "get /api/sites/{}".
using Routes = std::map<std::string, bool>;

json::object description() {
  const auto files = static_files();
  const auto place = std::ranges::find(files, "openapi.json", &StaticFile::name);
  return json::parse({place->text.data(), place->text.size()}).as_object();
}

// Removes the name of a path's variable, which the table does not have.
std::string without_names(std::string path) {
  const auto open = path.find('{');
  if (open != std::string::npos) path.erase(open + 1, path.find('}') - open - 1);
  return path;
}

Routes described() {
  Routes routes;
  const json::object all = description();
  for (const auto& [path, methods] : all.at("paths").as_object()) {
    for (const auto& [method, operation] : methods.as_object()) {
      const json::value* security = operation.as_object().if_contains("security");
      const bool open = security != nullptr && security->as_array().empty();
      routes.emplace(std::string{method} + " " + without_names(std::string{path}), open);
    }
  }
  return routes;
}

TEST(Api, routes_are_those_of_the_description) {
  Routes served{{"get /ws/metrics", false}};
  for (const auto& [method, pattern, open] : Api::route_names())
    served.emplace(std::string{method} + " " + std::string{pattern}, open);
  EXPECT_EQ(served, described());
}

TEST(Api, routes_have_a_name_and_a_known_tag_in_the_description) {
  const json::object all = description();
  std::map<std::string, int> tags;
  std::map<std::string, int> names;
  for (const json::value& tag : all.at("tags").as_array()) tags[std::string{tag.at("name").as_string()}] = 0;
  for (const auto& [path, methods] : all.at("paths").as_object()) {
    for (const auto& [method, operation] : methods.as_object()) {
      const std::string tag{operation.at("tags").at(0).as_string()};
      EXPECT_TRUE(tags.contains(tag)) << path << ": " << tag;
      ++tags[tag];
      ++names[std::string{operation.at("operationId").as_string()}];
    }
  }
  for (const auto& [tag, count] : tags) EXPECT_GT(count, 0) << tag;
  for (const auto& [name, count] : names) EXPECT_EQ(count, 1) << name;
}

TEST(Api, allow_header_lists_the_methods_of_the_path) {
  const std::map<std::string_view, std::string_view> words{
      {"get", "GET, HEAD"}, {"post", "POST"}, {"put", "PUT"}, {"patch", "PATCH"}, {"delete", "DELETE"}};
  std::map<std::string, std::string> expected;
  for (const auto& [method, pattern, open] : Api::route_names())
    expected[std::string{pattern}] += std::string{words.at(method)} + ", ";
  for (const auto& [pattern, methods] : expected) {
    std::string path = pattern;
    const auto variable = path.find("{}");
    if (variable != std::string::npos) path.replace(variable, 2, "7");
    EXPECT_EQ(Api::allowed_methods(path), methods + "OPTIONS") << path;
  }
}

TEST(Api, literal_path_has_precedence_over_an_id) {
  EXPECT_EQ(Api::allowed_methods("/api/devices/read"), "POST, OPTIONS");
  EXPECT_EQ(Api::allowed_methods("/api/devices/test-connection"), "POST, OPTIONS");
  EXPECT_EQ(Api::allowed_methods("/api/scan"), "POST, OPTIONS");
  EXPECT_EQ(Api::allowed_methods("/api/devices/other"), "GET, HEAD, PATCH, DELETE, OPTIONS");
}

TEST(Api, other_spellings_of_a_path_have_no_route) {
  for (const char* path :
       {"", "/", "*", "/api", "/api/sites/", "//api/sites", "/api//sites", "/api/./sites", "/api/x/../sites",
        "/api/%73ites", "/api/sites/1/2", "/API/sites", "/api/devices/1/diagnostics/"})
    EXPECT_EQ(Api::allowed_methods(path), "") << path;
}

}  // namespace
}  // namespace gensetd::api
