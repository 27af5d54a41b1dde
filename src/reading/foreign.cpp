#include "reading/reading.hpp"

#include <boost/json/parse.hpp>

#include <charconv>
#include <string>

namespace gensetd::reading {
namespace {

const boost::json::string* text_at(const boost::json::object& message, std::string_view name) {
  const boost::json::value* found = message.if_contains(boost::json::string_view(name.data(), name.size()));
  return found == nullptr ? nullptr : found->if_string();
}

}  // namespace

ReadingPtr parse_foreign(std::string_view json, std::string& why) {
  if (json.size() > foreign_json_max) {
    why = "longer than " + std::to_string(foreign_json_max) + " bytes";
    return nullptr;
  }
  boost::json::error_code failed;
  // Boost.JSON refuses text that is not UTF-8 and bounds the depth, so the bytes are safe to pass on.
  const boost::json::value parsed =
      boost::json::parse(boost::json::string_view(json.data(), json.size()), failed);
  if (failed) {
    why = "not JSON: " + failed.message();
    return nullptr;
  }
  const boost::json::object* message = parsed.if_object();
  if (message == nullptr) {
    why = "not a JSON object";
    return nullptr;
  }
  const boost::json::value* device_id = message->if_contains("device_id");
  if (device_id == nullptr || !device_id->is_int64() || device_id->get_int64() <= 0) {
    why = "device_id is not a positive integer";
    return nullptr;
  }
  const boost::json::string* site_code = text_at(*message, "site_code");
  if (site_code == nullptr) {
    why = "site_code is not a string";
    return nullptr;
  }
  const boost::json::string* printed = text_at(*message, "timestamp");
  const auto timestamp =
      printed == nullptr ? std::nullopt : parse_timestamp({printed->data(), printed->size()});
  if (!timestamp) {
    why = "timestamp is not of the form 2026-02-17T14:30:00.123Z";
    return nullptr;
  }
  auto made = std::make_shared<Reading>();
  made->device_id = device_id->get_int64();
  made->site_code.assign(site_code->data(), site_code->size());
  made->timestamp = *timestamp;
  made->json = json;
  return made;
}

std::int64_t leading_device_id(std::string_view json) {
  constexpr std::string_view begin = R"({"device_id":)";
  std::int64_t id = 0;
  if (json.starts_with(begin)) std::from_chars(json.data() + begin.size(), json.data() + json.size(), id);
  return id;
}

}  // namespace gensetd::reading
