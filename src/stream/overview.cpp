#include "stream/overview.hpp"

#include "text/json_text.hpp"

#include <optional>

namespace gensetd::stream {

std::string print_overview(const reading::Reading& reading) {
  if (!reading.content) return reading.json;
  const reading::Content& content = *reading.content;
  text::JsonText text;
  text.field("device_id", content.identity.device_id)
      .field("site_code", content.identity.site_code)
      .field("device_type", content.identity.device_type)
      .field("timestamp", reading::print_timestamp(content.timestamp))
      .field("last_seen",
             content.last_seen ? std::optional{reading::print_timestamp(*content.last_seen)} : std::nullopt)
      .field("online", content.online)
      .field("error", content.error.empty() ? std::nullopt : std::optional{content.error});
  std::string value;
  for (std::size_t index = 0; index < content.values.size(); ++index) {
    const profile::Field& field = content.profile->fields[index];
    if (!field.is_in_overview) continue;
    value.clear();
    reading::append_value(value, field, content.values[index], content.texts);
    text.json(field.name, value);
  }
  if (content.seq != 0)
    text.field("seq", static_cast<std::int64_t>(content.seq))
        .field("epoch", reading::print_epoch(content.epoch));
  return text.finish();
}

const std::string& OverviewCache::overview_of(const live::ReadingPtr& reading) {
  Printed& printed = printed_[reading->device_id];
  if (printed.reading != reading) printed = {reading, print_overview(*reading)};
  return printed.json;
}

}  // namespace gensetd::stream
