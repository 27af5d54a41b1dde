#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace gensetd::text {

// Appends a JSON string with its quotes; `text` is UTF-8.
void append_json_string(std::string& out, std::string_view text);

// Writes one JSON object field by field. For bodies with fractions, which Boost.JSON prints as 5E-1.
class JsonText {
 public:
  JsonText& field(std::string_view name, std::string_view value) {
    begin(name);
    append_json_string(text_, value);
    return *this;
  }
  JsonText& field(std::string_view name, const char* value) { return field(name, std::string_view{value}); }
  JsonText& field(std::string_view name, const std::string& value) {
    return field(name, std::string_view{value});
  }
  JsonText& field(std::string_view name, std::same_as<bool> auto value) {
    return raw(name, value ? "true" : "false");
  }
  JsonText& field(std::string_view name, std::integral auto value)
    requires(!std::same_as<decltype(value), bool>)
  {
    return raw(name, std::to_string(value));
  }
  // Prints the shortest decimal that reads back as the same value. `value` must be finite.
  JsonText& field(std::string_view name, double value);
  template <class T>
  JsonText& field(std::string_view name, const std::optional<T>& value) {
    return value ? field(name, *value) : raw(name, "null");
  }

  // A value that is already JSON: an object or an array.
  JsonText& json(std::string_view name, std::string_view value) { return raw(name, value); }

  std::string finish() {
    text_ += '}';
    return std::move(text_);
  }

 private:
  JsonText& raw(std::string_view name, std::string_view value) {
    begin(name);
    text_ += value;
    return *this;
  }
  void begin(std::string_view name) {
    if (text_.size() > 1) text_ += ',';
    append_json_string(text_, name);
    text_ += ':';
  }

  std::string text_ = "{";
};

}  // namespace gensetd::text
