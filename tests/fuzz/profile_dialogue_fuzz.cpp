#include "check.hpp"
#include "map_texts.hpp"
#include "mapped_device.hpp"
#include "modbus/raw_values.hpp"
#include "profile/catalog.hpp"
#include "profile/identity.hpp"
#include "profile/line_cost.hpp"
#include "profile/stored_profiles.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <memory>
#include <span>

using namespace gensetd;

namespace {

constexpr int puts_max = 6;
constexpr int cycles_max = 24;
constexpr std::size_t text_max = 60'000;

constexpr std::array<std::string_view, 30> numbers{
    "0",    "1",    "2",    "3",     "4",     "7",     "8",   "15",     "16",         "17",
    "24",   "25",   "32",   "36",    "63",    "64",    "124", "125",    "126",        "1000",
    "1001", "2000", "2001", "32767", "65535", "65536", "-1",  "0xFFFF", "4294967295", "9223372036854775807"};

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : bytes_(data, size) {}
  bool empty() const { return bytes_.empty(); }
  std::uint8_t next() {
    if (bytes_.empty()) return 0;
    const std::uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  std::size_t index() {
    const std::size_t high = next();
    return high << 8U | next();
  }
  // Up to the end of the line.
  std::string line() {
    std::string text;
    while (!bytes_.empty()) {
      const auto byte = static_cast<char>(next());
      if (byte == '\n') break;
      text += byte;
    }
    return text;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

// "FILE:LINE: reason", on one line. The line is one of the text.
bool is_refusal(std::string_view message, std::string_view file, std::string_view text) {
  if (!is_one_line(message) || !message.starts_with(file)) return false;
  message.remove_prefix(file.size());
  if (!message.starts_with(":")) return false;
  std::size_t line = 0;
  const auto [end, error] = std::from_chars(message.data() + 1, message.data() + message.size(), line);
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  if (error != std::errc{} || line < 1 || line > lines + 1) return false;
  message.remove_prefix(static_cast<std::size_t>(end - message.data()));
  return message.starts_with(": ") && message.size() > 2;
}

void check_refusal(std::string_view message, std::string_view file, std::string_view text) {
  if (!is_refusal(message, file, text))
    std::fprintf(stderr, "%.*s\n", static_cast<int>(message.size()), message.data());
  check(is_refusal(message, file, text));
}

// The registers of a raw value that is no data.
std::vector<std::uint8_t> registers_of(const profile::NumberFormat& number, std::uint64_t raw) {
  raw <<= number.shift;
  std::vector<std::uint8_t> bytes(2U * number.registers);
  for (std::size_t place = 0; place < number.registers; ++place) {
    const std::size_t index =
        number.word_order == profile::WordOrder::high_first ? place : number.registers - 1U - place;
    const auto word = static_cast<std::uint16_t>(raw >> 16U * (number.registers - 1U - place));
    const bool is_little = number.byte_order == profile::ByteOrder::little;
    bytes[2 * index + (is_little ? 1 : 0)] = static_cast<std::uint8_t>(word >> 8U);
    bytes[2 * index + (is_little ? 0 : 1)] = static_cast<std::uint8_t>(word & 0xFFU);
  }
  return bytes;
}

void check_no_data(const profile::Field& field) {
  if (field.number) {
    for (const profile::RawRange& range : field.number->no_data) {
      for (const std::uint64_t raw : {range.first, range.last})
        check(!profile::decode_number(*field.number, registers_of(*field.number, raw)));
    }
  } else if (field.no_data == profile::NoData::from_32000) {
    check(!profile::decode16(field, 32'000) && !profile::decode16(field, 32'767));
    if (field.type == profile::Type::u16) check(!profile::decode16(field, 65'535));
  } else if (field.no_data == profile::NoData::marker) {
    check(!profile::decode32(field, 0xFFFE, 0x7FFF) && !profile::decode32(field, 0x7FFE, 0x7FFE));
  }
}

void check_identity(const profile::Profile& profile, const Registers& registers) {
  modbus::RawValues values;
  std::vector<profile::UnreadRange> unread;
  std::vector<modbus::ReadRequest> ranges;
  for (const auto protocol : {modbus::Protocol::tcp, modbus::Protocol::rtu_over_tcp}) {
    ranges = profile::identity_ranges(profile, protocol);
    if (const auto firmware = profile::firmware_range(profile)) ranges.push_back(*firmware);
    for (const modbus::ReadRequest& range : ranges) {
      check(range.count >= 1 && range.count <= modbus::count_max(range.function));
      check(std::uint32_t{range.first} + range.count <= 65'536);
    }
  }
  for (const modbus::ReadRequest& range : ranges) {
    if (registers.fault(range) != Registers::Fault::none) {
      unread.push_back({.range = range, .why = "is refused", .is_refused = true});
      continue;
    }
    for (std::uint32_t index = 0; index < range.count; ++index) {
      const modbus::TableAddress place{range.function, static_cast<std::uint16_t>(range.first + index)};
      const std::uint16_t raw = registers.value(place);
      values[place] = modbus::reads_bits(range.function) ? raw & 1 : raw;
    }
  }
  const auto identity = profile::evaluate_identity(profile, values, unread);
  check(identity.has_value() == !profile.identity.empty());
  if (identity) {
    check(is_one_line(identity->reason) && !identity->reason.empty());
    check(identity == profile::evaluate_identity(profile, values, unread));
  }
  if (const auto firmware = profile::firmware_of(profile, values)) check(is_one_line(*firmware));
}

void check_profile(const profile::ProfilePtr& profile) {
  check(!profile->blocks.empty() && profile->blocks.front().is_always_read());
  for (const profile::Field& field : profile->fields) check_no_data(field);
  std::size_t requests = 0;
  for (const profile::ClassCost& cost : profile::class_costs(*profile)) requests += cost.requests;
  check(requests == profile::merged_plan(*profile, modbus::Protocol::rtu_over_tcp).size());
  for (const auto protocol : {modbus::Protocol::tcp, modbus::Protocol::rtu_over_tcp}) {
    std::vector<bool> is_planned(profile->blocks.size());
    for (const auto& read : profile::merged_plan(*profile, protocol)) {
      for (const std::uint16_t block : read.blocks) {
        check(!is_planned.at(block));
        is_planned[block] = true;
      }
    }
    check(std::ranges::all_of(is_planned, [](bool planned) { return planned; }));
  }
}

// A daemon with stored maps, and devices that are polled with the newest one.
class Scenario {
 public:
  void apply(Input& input) {
    switch (input.next() % 16) {
      case 0:
        text_ = MapTexts::all().text(input.next());
        set_name(input.next());
        break;
      case 1:
        replace(&Pieces::numbers, input.index(), std::string{numbers[input.next() % numbers.size()]});
        break;
      case 2:
        replace(&Pieces::strings, input.index(), MapTexts::all().string(input.index()));
        break;
      case 3:
        replace(&Pieces::keys, input.index(), MapTexts::all().key(input.index()));
        break;
      case 4:
        replace(&Pieces::members, input.index(), MapTexts::all().member(input.index()));
        break;
      case 5: {
        const Pieces pieces(text_);
        if (pieces.keys.empty()) break;
        const std::size_t place = pieces.keys[input.index() % pieces.keys.size()].begin;
        text_.insert(place, MapTexts::all().member(input.index()) + ", ");
        break;
      }
      case 6:
        change_line(input.next(), input.index(), input.index());
        break;
      case 7: {
        const std::size_t place = begin_of_line(input.index());
        text_.insert(place, input.line() + "\n");
        break;
      }
      case 8:
        put();
        break;
      case 9:
        derive(input.next());
        break;
      case 10:
        remove(input.next());
        break;
      case 11:
        registers_ = {.pattern = input.next()};
        break;
      case 12:
        set_register(input.index(), input.index());
        break;
      case 13:
        set_fault(input.index(), input.next());
        break;
      case 14:
        for (MappedDevice* device : {tcp_.get(), serial_.get()}) {
          if (device != nullptr) device->suspect_last();
        }
        break;
      default:
        run_cycles(input.next());
    }
    if (text_.size() > text_max) text_.resize(text_max);
  }

  void end() {
    put();
    run_cycles(1);
    run_cycles(5);
  }

 private:
  static std::string name_of(std::uint8_t which) { return "p" + std::to_string(which % 4); }

  // Built-in names are taken.
  void set_name(std::uint8_t which) {
    name_ = name_of(which);
    const std::size_t place = text_.starts_with("name = ") ? 0 : text_.find("\nname = ");
    if (place == std::string::npos) return;
    const std::size_t begin = text_.find('"', place);
    const std::size_t end = text_.find('"', begin + 1);
    if (end != std::string::npos) text_.replace(begin + 1, end - begin - 1, name_);
  }

  void replace(std::vector<Piece> Pieces::* kind, std::size_t index, const std::string& other) {
    const Pieces pieces(text_);
    const std::vector<Piece>& of_kind = pieces.*kind;
    if (of_kind.empty()) return;
    const Piece& piece = of_kind[index % of_kind.size()];
    text_.replace(piece.begin, piece.end - piece.begin, other);
  }

  static std::size_t begin_of_line(const std::string& text, std::size_t number) {
    const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
    std::size_t place = 0;
    for (number = lines == 0 ? 0 : number % lines; number > 0; --number) place = text.find('\n', place) + 1;
    return place;
  }
  std::size_t begin_of_line(std::size_t number) const { return begin_of_line(text_, number); }

  static std::string line_at(const std::string& text, std::size_t begin) {
    const std::size_t end = text.find('\n', begin);
    return text.substr(begin, end == std::string::npos ? end : end + 1 - begin);
  }

  // Removes, doubles or moves a line, or inserts one of another map.
  void change_line(std::uint8_t how, std::size_t from, std::size_t to) {
    const std::size_t begin = begin_of_line(from);
    std::string line = line_at(text_, begin);
    const std::string& other = MapTexts::all().text(how / 4);
    if (how % 4 == 3) line = line_at(other, begin_of_line(other, from));
    if (how % 4 == 0 || how % 4 == 2) text_.erase(begin, line.size());
    if (how % 4 != 0) text_.insert(begin_of_line(to), line);
  }

  // A map that extends the newest one, or a built-in one.
  void derive(std::uint8_t which) {
    const std::string base = (which & 4U) == 0 && newest_ ? newest_->name : "hgm9560";
    name_ = name_of(which);
    text_ = "format = 2\nname = \"" + name_ + "\"\nextends = \"" + base + "\"\n";
    if ((which & 8U) != 0) text_ += "remove = { fields = [\"alarm\"], blocks = [\"base\"] }\n";
    if ((which & 16U) != 0)
      text_ += "blocks = [{ name = \"derived\", address = 900, count = 8, every = 2 }]\n";
    if ((which & 32U) != 0)
      text_ +=
          "serial = { merge_limit = 36, request_gap_ms = 0, requests_in_flight = 1, whole_blocks = true }\n";
  }

  // As PUT /api/profiles: a map that is refused changes nothing.
  void put() {
    if (++puts_ > puts_max) return;
    profile::ProfilePtr parsed;
    try {
      parsed = stored_.catalog.parse(text_, "fuzz.toml");
    } catch (const profile::ProfileError& error) {
      check_refusal(error.what(), "fuzz.toml", text_);
      text_ = accepted_;
      return;
    }
    check_profile(parsed);
    const bool is_taken = base().find(parsed->name) != nullptr;
    profile::ProfileTexts texts = texts_;
    texts[parsed->name] = text_;
    profile::StoredProfiles after = store(texts);
    if (is_taken) return check(after.unusable.contains(parsed->name));
    if (after.unusable.contains(parsed->name)) return;  // it extends itself
    texts_ = std::move(texts);
    stored_ = std::move(after);
    accepted_ = text_;
    newest_ = stored_.catalog.find(parsed->name);
    check(newest_ != nullptr);
    follow_catalog();
  }

  void remove(std::uint8_t which) {
    if (texts_.erase(name_of(which)) == 0) return;
    stored_ = store(texts_);
    follow_catalog();
  }

  // Maps that do not depend on a change stay the same objects.
  profile::StoredProfiles store(const profile::ProfileTexts& texts) const {
    profile::StoredProfiles after = profile::with_stored(base(), texts, stored_);
    for (const auto& [name, entry] : after.entries) {
      const auto before = stored_.entries.find(name);
      if (before == stored_.entries.end()) continue;
      const bool is_unchanged = before->second.text == entry.text && before->second.base == entry.base;
      check(is_unchanged == (before->second.profile == entry.profile));
    }
    for (const auto& [name, problem] : after.unusable) {
      check(is_one_line(problem) && !problem.empty());
      if (!base().find(name)) check_refusal(problem, name, texts.at(name));
    }
    check(after.entries.size() + after.unusable.size() == texts.size());
    return after;
  }

  // A device whose map was replaced begins again; one without map is not polled.
  void follow_catalog() {
    if (newest_) newest_ = stored_.catalog.find(newest_->name);
    if (tcp_ && tcp_->profile() == newest_) return;
    tcp_ = newest_ ? std::make_unique<MappedDevice>(newest_, modbus::Protocol::tcp) : nullptr;
    serial_ = newest_ ? std::make_unique<MappedDevice>(newest_, modbus::Protocol::rtu_over_tcp) : nullptr;
  }

  // Of a condition, a field or an alarm word.
  void set_register(std::size_t where, std::size_t value) {
    if (!newest_) return;
    const auto raw = static_cast<std::uint16_t>(value);
    const std::size_t which = where / 3;
    if (where % 3 == 0 && !newest_->conditions.empty()) {
      const auto& condition = newest_->conditions[which % newest_->conditions.size()];
      const profile::Field& field = newest_->fields[condition.field];
      registers_.set[{field.table, field.address}] = raw;
    } else if (where % 3 == 1 && !newest_->alarm_words.empty()) {
      registers_.set[newest_->alarm_words[which % newest_->alarm_words.size()].place] = raw;
    } else if (!newest_->fields.empty()) {
      const profile::Field& field = newest_->fields[which % newest_->fields.size()];
      registers_.set[{field.table, field.address}] = raw;
    }
  }

  void set_fault(std::size_t where, std::uint8_t kind) {
    if (!newest_) return;
    const profile::Block& block = newest_->blocks[where % newest_->blocks.size()];
    registers_.faults[{block.table, block.address}] = static_cast<Registers::Fault>(kind % 5);
    if (kind % 5 == 0) registers_.faults.erase({block.table, block.address});
  }

  void run_cycles(std::uint8_t how) {
    if (!newest_ || ++cycles_ > cycles_max) return;
    const std::optional<unsigned> suspect =
        (how & 32U) != 0 ? std::optional<unsigned>{how >> 6U} : std::nullopt;
    for (int cycle = 0; cycle <= how % 4; ++cycle) {
      for (MappedDevice* device : {tcp_.get(), serial_.get()})
        device->run_cycle(registers_, suspect, how / 4 % 8);
    }
    check_identity(*newest_, registers_);
  }

  static const profile::Catalog& base() {
    static const profile::Catalog catalog = profile::Catalog::built_in();
    return catalog;
  }

  std::string name_ = "p0";
  std::string text_ = std::string{complete_map};
  std::string accepted_ = text_;
  profile::ProfileTexts texts_;
  profile::StoredProfiles stored_{.catalog = base()};
  profile::ProfilePtr newest_;  // the map of the devices; null: none
  std::unique_ptr<MappedDevice> tcp_;
  std::unique_ptr<MappedDevice> serial_;
  Registers registers_;
  int puts_ = 0;
  int cycles_ = 0;
};

}  // namespace

// A sequence of changes of register maps, uploads, and cycles with them: see Scenario::apply().
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Scenario scenario;
  Input input(data, size);
  for (int events = 0; events < 400 && !input.empty(); ++events) scenario.apply(input);
  scenario.end();
  return 0;
}
