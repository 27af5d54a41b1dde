#include "registry/import.hpp"

#include "real_database.hpp"
#include "registry/edits.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

namespace gensetd::registry {
namespace {

const profile::Catalog profiles = profile::Catalog::built_in();

boost::json::object body(const std::string& text) { return boost::json::parse(text).as_object(); }

const std::string site =
    R"({"id":7,"name":"MKZ","code":"MKZ","network":"","description":"","is_active":true,"created_at":"2026-01-31T12:00:00.001Z","updated_at":"2026-02-01T12:00:00.002Z"})";
const std::string device =
    R"({"id":30,"site_id":7,"name":"G","device_type":"generator","ip_address":"h","poll_interval":0.1})";

std::string document(const std::string& sites, const std::string& devices) {
  return R"({"format":"gensetd registry 1","sites":[)" + sites + R"(],"devices":[)" + devices + "]}";
}

class ImportTest : public testing::TestWithParam<Kind> {
 protected:
  Result<Imported> import(const std::string& text) {
    return import_document(store, body(text), profiles, Timestamp{std::chrono::seconds{5}});
  }

  RealDatabase database{GetParam()};
  Store store = Store::create_or_open(database.address());
};

INSTANTIATE_TEST_SUITE_P(Databases, ImportTest, testing::Values(Kind::sqlite, Kind::postgres),
                         testing::PrintToStringParamName());

TEST_P(ImportTest, ids_and_times_are_kept) {
  const auto result = import(document(site, device));
  ASSERT_TRUE(std::holds_alternative<Imported>(result)) << std::get<Refusal>(result).message;
  const Directory now = store.load();
  EXPECT_EQ(reading::print_timestamp(now.sites.at(7).created_at), "2026-01-31T12:00:00.001Z");
  EXPECT_EQ(reading::print_timestamp(now.sites.at(7).updated_at), "2026-02-01T12:00:00.002Z");
  EXPECT_EQ(now.devices.at(30).poll_interval, 0.1);
  EXPECT_EQ(now.devices.at(30).created_at, Timestamp{std::chrono::seconds{5}});
  EXPECT_EQ(std::get<Site>(create_site(store, body(R"({"name":"n","code":"n"})"), Timestamp{})).id, 8);
}

TEST_P(ImportTest, any_error_stores_nothing_and_is_named) {
  const std::pair<std::string, std::string> mistakes[] = {
      {R"({"sites":[],"devices":[]})", "format"},
      {R"({"format":"gensetd registry 1","sites":[]})", "devices"},
      {document(site + "," + site, device), "sites[1]: the id 7"},
      {document(site + R"(,{"id":8,"name":"n","code":"MKZ"})", device), "sites[1]: the code 'MKZ'"},
      {document(site + ",5", device), "sites[1] is not an object"},
      {document(site, device + R"(,{"id":31,"site_id":7,"name":"G","device_type":"generator"})"),
       "devices[1]: ip_address"},
      {document(site, device + R"(,{"id":31,"site_id":9,"name":"G","device_type":"ats","ip_address":"h"})"),
       "devices[1]: there is no site 9"},
      {document(site, R"({"id":31,"site_id":7,"name":"G","device_type":"ats","ip_address":"h","port":0})"),
       "devices[0]: port"},
      {document(site,
                R"({"id":31,"site_id":7,"name":"G","device_type":"ats","ip_address":"h","profile":"x"})"),
       "devices[0]: unknown profile"},
      {document(site, R"({"id":0,"site_id":7,"name":"G","device_type":"ats","ip_address":"h"})"),
       "devices[0]: id"},
      {document(R"({"id":1,"name":"n","code":"c","created_at":"today"})", ""), "sites[0]: created_at"},
      {document(R"({"id":1,"name":"n","code":"c","colour":"red"})", ""), "sites[0]: "},
  };
  for (const auto& [text, part] : mistakes) {
    const auto result = import(text);
    ASSERT_TRUE(std::holds_alternative<Refusal>(result)) << text;
    EXPECT_NE(std::get<Refusal>(result).message.find(part), std::string::npos)
        << std::get<Refusal>(result).message;
    EXPECT_EQ(store.load(), Directory{}) << text;
  }
}

TEST_P(ImportTest, registry_that_is_not_empty_refuses_an_import) {
  create_site(store, body(R"({"name":"n","code":"n"})"), Timestamp{});
  const Directory before = store.load();
  EXPECT_NE(std::get<Refusal>(import(document(site, device))).message.find("not empty"), std::string::npos);
  EXPECT_EQ(store.load(), before);
}

}  // namespace
}  // namespace gensetd::registry
