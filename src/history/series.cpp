#include "history/series.hpp"

namespace gensetd::history {
namespace {

constexpr std::uint64_t zigzag(std::int64_t number) {
  return (static_cast<std::uint64_t>(number) << 1U) ^ static_cast<std::uint64_t>(number >> 63);
}

constexpr std::int64_t unzigzag(std::uint64_t number) {
  return static_cast<std::int64_t>(number >> 1U) ^ -static_cast<std::int64_t>(number & 1U);
}

// Modulo 2^64: the difference of two values may have 65 bits.
std::int64_t difference(std::int64_t to, std::int64_t from) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from));
}

std::int64_t sum(std::int64_t value, std::int64_t change) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) + static_cast<std::uint64_t>(change));
}

static_assert(unzigzag(zigzag(-5)) == -5 && zigzag(-1) == 1 && zigzag(1) == 2);

}  // namespace

void append_number(std::string& out, std::uint64_t number) {
  while (number >= 0x80) {
    out += static_cast<char>(0x80U | (number & 0x7FU));
    number >>= 7U;
  }
  out += static_cast<char>(number);
}

std::uint64_t take_number(std::string_view& bytes) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    number |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) break;
  }
  return number;
}

void Series::append(const profile::Value& value) {
  const EntryType type = !value ? EntryType::none : *value == last_ ? EntryType::same : EntryType::change;
  if (type != entry_type_) end_run();
  entry_type_ = type;
  if (type == EntryType::change) {
    append_change(*value);
  } else {
    ++run_;
  }
}

void Series::append_change(std::int64_t value) {
  const std::uint64_t change = zigzag(difference(value, last_));
  const bool is_far = (change >> 62U) != 0;
  if (is_far) append_number(bytes_, static_cast<std::uint64_t>(EntryType::far_change));
  append_number(bytes_, is_far ? change : change << 2U);
  last_ = value;
}

void Series::end_run() {
  if (run_ > 0) append_number(bytes_, (std::uint64_t{run_} << 2U) | static_cast<std::uint64_t>(entry_type_));
  run_ = 0;
}

const std::string& Series::finish() {
  end_run();
  return bytes_;
}

void Series::clear() {
  last_ = 0;
  run_ = 0;
  entry_type_ = EntryType::same;
  bytes_.clear();
}

void Series::read(std::vector<profile::Value>& out) const {
  read_series(bytes_, out);
  const profile::Value value = entry_type_ == EntryType::none ? profile::Value{} : profile::Value{last_};
  out.insert(out.end(), run_, value);
}

std::size_t Series::heap_bytes() const {
  constexpr std::size_t within_the_object = 15;  // libstdc++'s short string
  return bytes_.capacity() > within_the_object ? bytes_.capacity() + 1 : 0;
}

void read_series(std::string_view bytes, std::vector<profile::Value>& out) {
  std::int64_t last = 0;
  while (!bytes.empty()) {
    const std::uint64_t entry = take_number(bytes);
    const std::uint64_t rest = entry >> 2U;
    switch (static_cast<Series::EntryType>(entry & 3U)) {
      case Series::EntryType::change:
        last = sum(last, unzigzag(rest));
        out.emplace_back(last);
        break;
      case Series::EntryType::far_change:
        last = sum(last, unzigzag(take_number(bytes)));
        out.emplace_back(last);
        break;
      case Series::EntryType::same:
        out.insert(out.end(), rest, profile::Value{last});
        break;
      case Series::EntryType::none:
        out.insert(out.end(), rest, profile::Value{});
        break;
    }
  }
}

}  // namespace gensetd::history
