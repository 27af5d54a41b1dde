#include "modbus/big_endian.hpp"
#include "profile/decode.hpp"
#include "profile/number_rules.hpp"

#include <boost/locale/encoding_utf.hpp>

#include <algorithm>
#include <string>

namespace gensetd::profile {
namespace {

// The registers in the order of the text, each as the text has it.
std::u16string words_of(const Field& field, std::span<const std::uint8_t> bytes) {
  std::u16string words;
  for (std::size_t index = 0; index < field.keys.length; ++index)
    words += static_cast<char16_t>(modbus::number_at(bytes, 2 * index));
  if (field.number->byte_order == ByteOrder::little) {
    for (char16_t& word : words) word = static_cast<char16_t>(word << 8U | word >> 8U);
  }
  if (field.number->word_order == WordOrder::low_first) std::ranges::reverse(words);
  return words;
}

std::string bytes_of(const std::u16string& words) {
  std::string bytes;
  for (const char16_t word : words) {
    bytes += static_cast<char>(word >> 8U);
    bytes += static_cast<char>(word & 0xFFU);
  }
  return bytes;
}

bool is_control_character(char character) {
  return (character >= 0 && character < ' ') || character == '\x7f';
}

struct DecodedText {
  std::string text;
  bool is_whole = false;  // nothing was dropped from before the first zero
};

DecodedText decode(const Field& field, std::span<const std::uint8_t> bytes) {
  using boost::locale::conv::utf_to_utf;
  std::u16string words = words_of(field, bytes);
  DecodedText decoded;
  std::string& text = decoded.text;
  if (field.keys.encoding == Encoding::utf16) {
    words.resize(std::min(words.find(u'\0'), words.size()));
    text = utf_to_utf<char>(words);  // drops half surrogate pairs
    decoded.is_whole = utf_to_utf<char16_t>(text) == words;
  } else {
    std::string raw = bytes_of(words);
    raw.resize(std::min(raw.find('\0'), raw.size()));
    text = raw;
    if (field.keys.encoding == Encoding::ascii) {
      std::erase_if(text,
                    [](char character) { return (static_cast<unsigned char>(character) & 0x80U) != 0; });
    } else {
      text = utf_to_utf<char>(utf_to_utf<char32_t>(text));  // drops what is no UTF-8
    }
    decoded.is_whole = text == raw;
  }
  if (std::erase_if(text, is_control_character) > 0) decoded.is_whole = false;
  text.resize(text.find_last_not_of(' ') + 1);
  return decoded;
}

}  // namespace

std::string decode_text(const Field& field, std::span<const std::uint8_t> bytes) {
  return decode(field, bytes).text;
}

bool is_whole_text(const Field& field, std::span<const std::uint8_t> bytes) {
  return decode(field, bytes).is_whole;
}

std::optional<std::string> decode_printed(const Field& field, const TableData& data) {
  if (modbus::reads_bits(field.table)) return data.bit_at(field.address) ? "1" : "0";
  const auto bytes = data.bytes.subspan(2U * static_cast<std::size_t>(field.address - data.first));
  if (field.type == Type::text) return decode_text(field, bytes);
  Value value;
  if (field.number) {
    value = decode_number(*field.number, bytes);
  } else if (register_count(field) == 2) {
    value = decode32(field, modbus::number_at(bytes, 0), modbus::number_at(bytes, 2));
  } else {
    value = decode16(field, modbus::number_at(bytes, 0));
  }
  return value ? std::optional{std::to_string(*value)} : std::nullopt;
}

}  // namespace gensetd::profile
