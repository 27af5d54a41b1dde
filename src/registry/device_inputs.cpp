#include "registry/device_inputs.hpp"

#include "registry/fields.hpp"
#include "text/json_text.hpp"
#include "text/number.hpp"

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace gensetd::registry {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 3> kinds = {"alarm", "status", "spare"};
constexpr TextRule label_rule = {.length_min = 1, .length_max = 100};

std::string_view text_in(const json::string& text) { return {text.data(), text.size()}; }

// Reads one attribute, and keeps the first mistake.
class InputsReader {
 public:
  std::optional<Inputs> read(const json::value& value) {
    const json::object* object = value.if_object();
    if (object == nullptr) {
      mistake = "it is no object";
      return std::nullopt;
    }
    Inputs inputs;
    for (const auto& member : *object) {
      const std::string_view key{member.key().data(), member.key().size()};
      const auto number = text::parse_number<std::uint8_t>(key);
      if (!number || *number < 1 || *number > inputs_max || std::to_string(*number) != key) {
        mistake = fmt::format("'{}' is not the number of an input", shortened(key));
        return std::nullopt;
      }
      input_ = *number;
      auto input = read_input(member.value());
      if (!input) return std::nullopt;
      inputs.emplace(*number, *std::move(input));
    }
    return inputs;
  }

  std::string mistake;

 private:
  std::optional<DigitalInput> refuse(std::string_view what) {
    mistake = fmt::format("input {} {}", input_, what);
    return std::nullopt;
  }

  std::optional<DigitalInput> read_input(const json::value& value) {
    const json::object* object = value.if_object();
    if (object == nullptr) return refuse("is no object");
    DigitalInput input;
    for (const auto& member : *object) {
      const std::string_view key{member.key().data(), member.key().size()};
      if (key != "en" && key != "ru" && key != "kind")
        return refuse(fmt::format("contains '{}'", shortened(key)));
    }
    for (auto [key, into] : {std::pair{"en", &input.label.en}, {"ru", &input.label.ru}}) {
      const json::value* given = object->if_contains(key);
      if (given == nullptr) return refuse(fmt::format("has no '{}'", key));
      const json::string* text = given->if_string();
      const std::string allowed = text == nullptr ? "a text" : text_allowed(text_in(*text), label_rule);
      if (!allowed.empty()) return refuse(fmt::format("has '{}' that is not {}", key, allowed));
      *into = text_in(*text);
    }
    const json::value* kind = object->if_contains("kind");
    if (kind == nullptr) return input;
    const json::string* word = kind->if_string();
    const auto* known = word == nullptr ? kinds.end() : std::ranges::find(kinds, text_in(*word));
    if (known == kinds.end())
      return refuse(fmt::format("has the kind {}",
                                word == nullptr ? "of another type" : "'" + shortened(text_in(*word)) + "'"));
    input.kind = static_cast<InputKind>(known - kinds.begin());
    return input;
  }

  unsigned input_ = 0;
};

}  // namespace

std::string_view to_word(InputKind kind) { return kinds.at(static_cast<std::size_t>(kind)); }

std::optional<Inputs> parse_inputs(const json::value& value, std::string& allowed) {
  InputsReader reader;
  auto inputs = reader.read(value);
  if (!inputs)
    allowed = fmt::format(
        R"(null, or {{"INPUT":{{"en":TEXT,"ru":TEXT,"kind":KIND}},…}} with INPUT 1 to {}, both texts of {} to {} )"
        "characters on one line, and KIND alarm (the default), status or spare; {}",
        inputs_max, label_rule.length_min, label_rule.length_max, reader.mistake);
  return inputs;
}

std::string print_inputs(const Inputs& inputs) {
  std::string text = "{";
  for (const auto& [number, input] : inputs) {
    if (text.size() > 1) text += ',';
    text += fmt::format(R"("{}":)", number);
    text += text::JsonText{}
                .field("en", input.label.en)
                .field("ru", input.label.ru)
                .field("kind", to_word(input.kind))
                .finish();
  }
  return text + '}';
}

}  // namespace gensetd::registry
