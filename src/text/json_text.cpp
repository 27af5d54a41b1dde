#include "text/json_text.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace gensetd::text {

void append_json_string(std::string& out, std::string_view text) {
  out += boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

JsonText& JsonText::field(std::string_view name, double value) { return raw(name, fmt::format("{}", value)); }

}  // namespace gensetd::text
