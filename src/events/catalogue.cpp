#include "events/catalogue.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace gensetd::events {
namespace {

// Priorities: 1 the set has stopped or is tripped, 2 it will not start or take load, 3 it warns, 4 nobody
// knows. A controller's shutdown and trip alarms stay until they are reset at its panel.
constexpr std::array codes{
    Code{"alarm_shutdown", Kind::alarm, 1,
         "Shutdown alarm: read it on the controller's panel, and reset it there",
         "Аварийный останов: причину читайте на панели контроллера, сброс там же"},
    Code{"alarm_trip_stop", Kind::alarm, 1,
         "Trip and stop alarm: read it on the controller's panel, and reset it there",
         "Отключение с остановом: причину читайте на панели контроллера, сброс там же"},
    Code{"alarm_block", Kind::alarm, 2, "Block alarm", "Блокировка"},
    Code{"alarm_warning", Kind::alarm, 3, "Warning", "Предупреждение"},
    Code{"alarm_unclassified", Kind::alarm, 3, "Alarm of no class", "Авария без указания класса"},
    Code{"alarm_count_changed", Kind::alarm, std::nullopt, "Alarms on the controller: {from} → {to}",
         "Аварий на контроллере: {from} → {to}"},
    Code{"device_offline", Kind::comms, 4, "No connection: {error}", "Нет связи: {error}"},
    Code{"site_offline", Kind::comms, 4, "The whole site does not answer ({count} devices)",
         "Вся площадка не отвечает (устройств: {count})"},
    Code{"device_interrupted", Kind::comms, std::nullopt, "No connection for {seconds} s: {error}",
         "Связи не было {seconds} с: {error}"},
    Code{"status_changed", Kind::status, std::nullopt, "{label_en}: {from_en} → {to_en}",
         "{label_ru}: {from_ru} → {to_ru}"},
    Code{"mode_changed", Kind::mode, std::nullopt, "Mode: {from_en} → {to_en}", "Режим: {from_ru} → {to_ru}"},
    Code{"gen_breaker_closed", Kind::breaker, std::nullopt, "Generator breaker closed",
         "Выключатель генератора включён"},
    Code{"gen_breaker_opened", Kind::breaker, std::nullopt, "Generator breaker opened",
         "Выключатель генератора отключён"},
    Code{"load_on_mains", Kind::breaker, std::nullopt, "Load on the mains", "Нагрузка подключена к сети"},
    Code{"load_off_mains", Kind::breaker, std::nullopt, "Load off the mains", "Нагрузка отключена от сети"},
    Code{"switch_changed", Kind::breaker, std::nullopt, "{label_en}: {from_en} → {to_en}",
         "{label_ru}: {from_ru} → {to_ru}"},
    Code{"mains_normal", Kind::mains, std::nullopt, "Mains normal", "Сеть в норме"},
    Code{"mains_abnormal", Kind::mains, std::nullopt, "Mains not normal", "Сеть не в норме"},
    Code{"mains_status_changed", Kind::mains, std::nullopt, "{label_en}: {from_en} → {to_en}",
         "{label_ru}: {from_ru} → {to_ru}"},
    Code{"gateway_started", Kind::gateway, std::nullopt, "gensetd {version} started",
         "Запущен gensetd {version}"},
};

// Args as people read them: a text without its quotes.
std::string shown(const boost::json::value& value) {
  if (const auto* text = value.if_string()) return {text->data(), text->size()};
  return boost::json::serialize(value);
}

}  // namespace

std::span<const Code> catalogue() { return codes; }

const Code& code_of(std::string_view code) {
  const auto* found = std::ranges::find(codes, code, &Code::code);
  if (found == codes.end()) throw std::logic_error("no such event code: " + std::string{code});
  return *found;
}

std::string text_of(const Event& event, Language language) {
  const auto* found = std::ranges::find(codes, event.code, &Code::code);
  if (found == codes.end()) return event.code;  // of another version of the program
  std::string_view rest = language == Language::english ? found->en : found->ru;
  boost::json::error_code failed;
  const boost::json::value parsed = boost::json::parse(event.args, failed);
  const boost::json::object* args = failed ? nullptr : parsed.if_object();
  std::string text;
  while (!rest.empty()) {
    const auto open = rest.find('{');
    const auto close = rest.find('}', open == std::string_view::npos ? rest.size() : open);
    if (close == std::string_view::npos) break;
    text += rest.substr(0, open);
    const std::string_view name = rest.substr(open + 1, close - open - 1);
    const auto* value = args == nullptr ? nullptr : args->if_contains({name.data(), name.size()});
    text += value == nullptr ? std::string{rest.substr(open, close - open + 1)} : shown(*value);
    rest.remove_prefix(close + 1);
  }
  return text + std::string{rest};
}

}  // namespace gensetd::events
