#include "events/catalogue.hpp"

#include "events/point_changes.hpp"
#include "profile/roles.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace gensetd::events {
namespace {

// Priorities: 1 the genset has stopped or tripped, 2 it will not start or take load, 3 a warning, 4 the state
// is unknown. A controller's shutdown and trip alarms stay until they are reset on its panel.
constexpr std::array codes{
    EventCode{"alarm_shutdown", EventKind::alarm, 1,
              "Shutdown alarm: read it on the controller's panel, and reset it there",
              "Аварийный останов: причину читайте на панели контроллера, сброс там же"},
    EventCode{"alarm_trip_stop", EventKind::alarm, 1,
              "Trip and stop alarm: read it on the controller's panel, and reset it there",
              "Отключение с остановом: причину читайте на панели контроллера, сброс там же"},
    EventCode{"alarm_trip", EventKind::alarm, 1,
              "Trip alarm: read it on the controller's panel, and reset it there",
              "Отключение нагрузки: причину читайте на панели контроллера, сброс там же"},
    EventCode{"alarm_safety_trip_stop", EventKind::alarm, 1,
              "Safety trip and stop alarm: read it on the controller's panel, and reset it there",
              "Защитное отключение с остановом: причину читайте на панели контроллера, сброс там же"},
    EventCode{"alarm_safety_trip", EventKind::alarm, 1,
              "Safety trip alarm: read it on the controller's panel, and reset it there",
              "Защитное отключение нагрузки: причину читайте на панели контроллера, сброс там же"},
    EventCode{"alarm_block", EventKind::alarm, 2, "Block alarm", "Блокировка"},
    EventCode{"alarm_mains_trip", EventKind::alarm, 2,
              "Mains trip alarm: read it on the controller's panel, and reset it there",
              "Отключение сети: причину читайте на панели контроллера, сброс там же"},
    EventCode{"alarm_warning", EventKind::alarm, 3, "Warning", "Предупреждение"},
    EventCode{"alarm_unclassified", EventKind::alarm, 3, "Unclassified alarm", "Авария без указания класса"},
    EventCode{"alarm_count_changed", EventKind::alarm, std::nullopt,
              "Alarms on the controller: {from} → {to}", "Аварий на контроллере: {from} → {to}"},
    EventCode{"device_offline", EventKind::comms, 4, "No connection: {error}", "Нет связи: {error}"},
    EventCode{"site_offline", EventKind::comms, 4, "The whole site does not respond ({count} devices)",
              "Вся площадка не отвечает (устройств: {count})"},
    EventCode{"device_interrupted", EventKind::comms, std::nullopt, "No connection for {seconds} s: {error}",
              "Связи не было {seconds} с: {error}"},
    EventCode{"status_changed", EventKind::status, std::nullopt, "{label_en}: {from_en} → {to_en}",
              "{label_ru}: {from_ru} → {to_ru}"},
    EventCode{"mode_changed", EventKind::mode, std::nullopt, "Mode: {from_en} → {to_en}",
              "Режим: {from_ru} → {to_ru}"},
    EventCode{"gen_breaker_closed", EventKind::breaker, std::nullopt, "Generator breaker closed",
              "Выключатель генератора включён"},
    EventCode{"gen_breaker_opened", EventKind::breaker, std::nullopt, "Generator breaker opened",
              "Выключатель генератора отключён"},
    EventCode{"load_on_mains", EventKind::breaker, std::nullopt, "Load on the mains",
              "Нагрузка подключена к сети"},
    EventCode{"load_off_mains", EventKind::breaker, std::nullopt, "Load off the mains",
              "Нагрузка отключена от сети"},
    EventCode{"switch_changed", EventKind::breaker, std::nullopt, "{label_en}: {from_en} → {to_en}",
              "{label_ru}: {from_ru} → {to_ru}"},
    EventCode{"mains_normal", EventKind::mains, std::nullopt, "Mains normal", "Сеть в норме"},
    EventCode{"mains_abnormal", EventKind::mains, std::nullopt, "Mains not normal", "Сеть не в норме"},
    EventCode{"mains_status_changed", EventKind::mains, std::nullopt, "{label_en}: {from_en} → {to_en}",
              "{label_ru}: {from_ru} → {to_ru}"},
    EventCode{"gateway_started", EventKind::gateway, std::nullopt, "gensetd {version} started",
              "Запущен gensetd {version}"},
};

constexpr std::array alarm_roles{
    RoleCode{profile::named_role("alarm.class.shutdown"), "alarm_shutdown"},
    RoleCode{profile::named_role("alarm.class.trip_stop"), "alarm_trip_stop"},
    RoleCode{profile::named_role("alarm.class.trip"), "alarm_trip"},
    RoleCode{profile::named_role("alarm.class.safety_trip_stop"), "alarm_safety_trip_stop"},
    RoleCode{profile::named_role("alarm.class.safety_trip"), "alarm_safety_trip"},
    RoleCode{profile::named_role("alarm.class.block"), "alarm_block"},
    RoleCode{profile::named_role("alarm.class.mains_trip"), "alarm_mains_trip"},
    RoleCode{profile::named_role("alarm.class.warning"), "alarm_warning"},
};

constexpr std::array bit_roles{
    RoleBitCodes{profile::named_role("breaker.generator.closed"), "gen_breaker_closed", "gen_breaker_opened"},
    RoleBitCodes{profile::named_role("breaker.mains.closed"), "load_on_mains", "load_off_mains"},
    RoleBitCodes{profile::named_role("mains.normal"), "mains_normal", "mains_abnormal"},
};

constexpr std::array change_roles{
    RoleCode{profile::named_role("engine.state"), "status_changed"},
    RoleCode{profile::named_role("mains.state"), "mains_status_changed"},
    RoleCode{profile::named_role("breaker.mains.state"), "switch_changed"},
    RoleCode{profile::named_role("breaker.busbar.state"), "switch_changed"},
    RoleCode{profile::named_role("breaker.generator.state"), "switch_changed"},
};

// The value for a text: a string without its quotes.
std::string shown(const boost::json::value& value) {
  if (const auto* text = value.if_string()) return {text->data(), text->size()};
  return boost::json::serialize(value);
}

}  // namespace

std::span<const EventCode> catalogue() { return codes; }
std::span<const RoleCode> alarm_codes() { return alarm_roles; }
std::span<const RoleBitCodes> bit_codes() { return bit_roles; }
std::span<const RoleCode> change_codes() { return change_roles; }

const EventCode& code_of(std::string_view code) {
  const auto* found = std::ranges::find(codes, code, &EventCode::code);
  if (found == codes.end()) throw std::logic_error("no such event code: " + std::string{code});
  return *found;
}

std::string text_of(const Event& event, Language language) {
  const auto* found = std::ranges::find(codes, event.code, &EventCode::code);
  if (found == codes.end() && !is_point_code(event.code)) return event.code;  // from another version
  const bool is_english = language == Language::english;
  std::string_view rest = found == codes.end() ? (is_english ? "{text_en}" : "{text_ru}")
                          : is_english         ? found->en
                                               : found->ru;
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
