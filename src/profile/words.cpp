#include "profile/words.hpp"

#include <algorithm>

namespace gensetd::profile {
namespace {

template <class Meaning, std::size_t count>
std::string_view word_of(const WordTable<Meaning, count>& table, Meaning meaning) {
  const auto found = std::ranges::find(table, meaning, &std::pair<std::string_view, Meaning>::second);
  return found == table.end() ? std::string_view{} : found->first;
}

template <class Meaning, std::size_t count>
std::optional<Meaning> meaning_of(const WordTable<Meaning, count>& table, std::string_view word) {
  const auto found = std::ranges::find(table, word, &std::pair<std::string_view, Meaning>::first);
  if (found == table.end()) return std::nullopt;
  return found->second;
}

}  // namespace

std::string_view to_word(AlarmClass alarm_class) { return word_of(alarm_class_words, alarm_class); }
std::string_view to_word(modbus::Function table) { return word_of(table_words, table); }
std::string_view table_prefix(modbus::Function table) {
  switch (table) {
    case modbus::Function::coils:
      return "coils ";
    case modbus::Function::discrete_inputs:
      return "discrete ";
    case modbus::Function::input_registers:
      return "input ";
    case modbus::Function::holding_registers:
      break;
  }
  return {};
}
std::string table_key(modbus::Function table) {
  if (table == modbus::Function::holding_registers) return {};
  return "\"table\":\"" + std::string{to_word(table)} + "\",";
}
std::string_view to_word(Type type) { return word_of(type_words, type); }
std::string_view to_word(NoData rule) { return word_of(no_data_words, rule); }
std::string_view to_word(DeviceType type) { return word_of(device_type_words, type); }
std::string_view to_word(modbus::Protocol protocol) { return word_of(protocol_words, protocol); }

std::optional<Type> type_from(std::string_view word) { return meaning_of(type_words, word); }
std::optional<modbus::Function> table_from(std::string_view word) { return meaning_of(table_words, word); }
std::optional<DeviceType> device_type_from(std::string_view word) {
  return meaning_of(device_type_words, word);
}
std::optional<modbus::Protocol> protocol_from(std::string_view word) {
  return meaning_of(protocol_words, word);
}

}  // namespace gensetd::profile
