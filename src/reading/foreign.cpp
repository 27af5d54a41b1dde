#include "reading/reading.hpp"

#include <boost/json/parse.hpp>

#include <string>

namespace gensetd::reading {
namespace {

const boost::json::string* text_at(const boost::json::object& message, std::string_view name) {
  const boost::json::value* found = message.if_contains(boost::json::string_view(name.data(), name.size()));
  return found == nullptr ? nullptr : found->if_string();
}

// Readings without a valid `seq` and `epoch` are ordered as they arrive.
void read_number(const boost::json::object& message, Reading& reading) {
  const boost::json::string* epoch = text_at(message, "epoch");
  const boost::json::value* seq = message.if_contains("seq");
  if (epoch == nullptr || epoch->empty() || epoch->size() > foreign_epoch_max) return;
  if (seq == nullptr || !seq->is_int64() || seq->get_int64() <= 0) return;
  reading.epoch.assign(epoch->data(), epoch->size());
  reading.seq = static_cast<std::uint64_t>(seq->get_int64());
}

}  // namespace

ReadingPtr parse_foreign(std::string_view json, SteadyTime arrived, std::string& why) {
  if (json.size() > foreign_json_max) {
    why = "longer than " + std::to_string(foreign_json_max) + " bytes";
    return nullptr;
  }
  boost::json::error_code failed;
  // Boost.JSON refuses text that is not UTF-8 and limits the depth, so the bytes can be passed on unchanged.
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
  made->at = arrived;
  read_number(*message, *made);
  made->json = json;
  return made;
}

}  // namespace gensetd::reading
