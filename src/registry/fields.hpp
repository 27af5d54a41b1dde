#pragma once

#include "registry/ranges.hpp"
#include "registry/types.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace gensetd::registry {

// The rule for a text field. Lengths are in characters (code points), not bytes.
struct TextRule {
  std::size_t length_min = 0;
  std::size_t length_max = 0;
  bool lines = false;  // whether line breaks and tabs are allowed; other control characters never are
};

// Reads the fields of a request's JSON object, and keeps the first reason to refuse it. Use: construct with
// the known fields, read each into a variable, then call refusal(). An absent field leaves its variable
// unchanged. After a refusal the read functions do nothing.
class Fields {
 public:
  // stored: a row of the database, which may have been edited by hand; leading and trailing spaces are
  // accepted.
  enum class Source : std::uint8_t { request, stored };

  Fields(const boost::json::object& body, std::span<const std::string_view> known,
         Source source = Source::request);

  void require(std::string_view name);
  bool has(std::string_view name) const { return body_.contains(name); }

  void read_text(std::string_view name, TextRule rule, std::string& into);
  void read_flag(std::string_view name, bool& into);
  // A number without a fraction: 502 and 502.0 are the same JSON number.
  void read_whole(std::string_view name, std::int64_t min, std::int64_t max, std::int64_t& into);
  void read_whole_or_null(std::string_view name, Range range, std::optional<int>& into);
  void read_seconds(std::string_view name, Range range, double& into);
  void read_seconds_or_null(std::string_view name, Range range, std::optional<double>& into);
  void read_number_or_null(std::string_view name, double min, double max, std::optional<double>& into);

  // `parse` returns a value, or sets its second argument to what is allowed.
  template <class T, class Parse>
  void read_attribute(std::string_view name, Parse parse, std::optional<T>& into) {
    const auto* value = find(name);
    if (value == nullptr) return;
    if (value->is_null()) return into.reset();
    std::string allowed;
    auto parsed = parse(*value, allowed);
    if (!parsed) return refuse_value(name, allowed);
    into = std::move(parsed);
  }
  std::optional<std::string> word(
      std::string_view name);  // the text, unchecked; empty when absent or refused

  void refuse(std::string_view name, std::string_view code, std::string message);
  void refuse_value(std::string_view name, std::string_view allowed);  // "NAME must be ALLOWED"
  const std::optional<Refusal>& refusal() const { return refusal_; }

 private:
  const boost::json::value* find(std::string_view name) const;

  const boost::json::object& body_;
  Source source_;
  std::optional<Refusal> refusal_;
};

// What a text must be instead, such as "a text of 1 to 64 characters"; empty when it follows the rule.
std::string text_allowed(std::string_view text, TextRule rule);

// `text` for use in a one-line message: at most 64 bytes of whole characters, no control characters.
std::string shortened(std::string_view text);

}  // namespace gensetd::registry
