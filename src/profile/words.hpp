#pragma once

#include "modbus/read_request.hpp"
#include "profile/profile.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace gensetd::profile {

// The words of enumerations in profile files, the API, the database and the options of commands. They are
// published: each word is defined here only.

template <class Meaning, std::size_t count>
using WordTable = std::array<std::pair<std::string_view, Meaning>, count>;

inline constexpr WordTable<Type, type_count> type_words{{{"u16", Type::u16},
                                                         {"i16", Type::i16},
                                                         {"u32", Type::u32},
                                                         {"i32", Type::i32},
                                                         {"bit", Type::bit},
                                                         {"u64", Type::u64},
                                                         {"i64", Type::i64},
                                                         {"f32", Type::f32},
                                                         {"f64", Type::f64},
                                                         {"bitfield", Type::bitfield},
                                                         {"enum", Type::enumeration},
                                                         {"bcd", Type::bcd},
                                                         {"text", Type::text}}};
inline constexpr std::size_t types_of_format_1 = 5;  // the first words of the table

inline constexpr WordTable<NoData, 3> no_data_words{
    {{"none", NoData::none}, {"from_32000", NoData::from_32000}, {"marker", NoData::marker}}};

inline constexpr WordTable<WordOrder, 2> word_order_words{
    {{"low_first", WordOrder::low_first}, {"high_first", WordOrder::high_first}}};

inline constexpr WordTable<ByteOrder, 2> byte_order_words{
    {{"big", ByteOrder::big}, {"little", ByteOrder::little}}};

inline constexpr WordTable<Encoding, 3> encoding_words{
    {{"ascii", Encoding::ascii}, {"utf8", Encoding::utf8}, {"utf16", Encoding::utf16}}};

inline constexpr WordTable<DeviceType, 2> device_type_words{
    {{"generator", DeviceType::generator}, {"ats", DeviceType::ats}}};

inline constexpr WordTable<modbus::Protocol, 2> protocol_words{
    {{"tcp", modbus::Protocol::tcp}, {"rtu_over_tcp", modbus::Protocol::rtu_over_tcp}}};

inline constexpr WordTable<modbus::Function, 4> table_words{
    {{"holding", modbus::Function::holding_registers},
     {"input", modbus::Function::input_registers},
     {"coils", modbus::Function::coils},
     {"discrete", modbus::Function::discrete_inputs}}};

inline constexpr WordTable<AlarmClass, alarm_class_count> alarm_class_words{
    {{"shutdown", AlarmClass::shutdown},
     {"trip_stop", AlarmClass::trip_stop},
     {"trip", AlarmClass::trip},
     {"safety_trip_stop", AlarmClass::safety_trip_stop},
     {"safety_trip", AlarmClass::safety_trip},
     {"block", AlarmClass::block},
     {"mains_trip", AlarmClass::mains_trip},
     {"warning", AlarmClass::warning},
     {"indication", AlarmClass::indication}}};

std::string_view to_word(AlarmClass alarm_class);
std::string_view to_word(modbus::Function table);
// How texts name a table before an address: "input 500..519". Most controllers use holding registers only, so
// these are not named.
std::string_view table_prefix(modbus::Function table);
// The same as the first key of a JSON object: "table":"input", with the comma.
std::string table_key(modbus::Function table);
std::string_view to_word(Type type);
std::string_view to_word(NoData rule);
std::string_view to_word(DeviceType type);
std::string_view to_word(modbus::Protocol protocol);

// Empty for an unknown word.
std::optional<Type> type_from(std::string_view word);
std::optional<modbus::Function> table_from(std::string_view word);
std::optional<DeviceType> device_type_from(std::string_view word);
std::optional<modbus::Protocol> protocol_from(std::string_view word);

}  // namespace gensetd::profile
