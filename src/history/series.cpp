#include "history/series.hpp"

namespace gensetd::history {
namespace {

constexpr std::uint64_t zigzag(std::int64_t number) {
  return (static_cast<std::uint64_t>(number) << 1U) ^ static_cast<std::uint64_t>(number >> 63);
}

constexpr std::int64_t unzigzag(std::uint64_t number) {
  return static_cast<std::int64_t>(number >> 1U) ^ -static_cast<std::int64_t>(number & 1U);
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
  const Run what = !value ? Run::none : *value == last_ ? Run::same : Run::change;
  if (what != what_) end_run();
  what_ = what;
  if (what == Run::change) {
    append_number(bytes_, zigzag(*value - last_) << 2U);
    last_ = *value;
  } else {
    ++run_;
  }
}

void Series::end_run() {
  if (run_ > 0) append_number(bytes_, (std::uint64_t{run_} << 2U) | static_cast<std::uint64_t>(what_));
  run_ = 0;
}

const std::string& Series::finish() {
  end_run();
  return bytes_;
}

void Series::clear() {
  last_ = 0;
  run_ = 0;
  what_ = Run::same;
  bytes_.clear();
}

void Series::read(std::vector<profile::Value>& out) const {
  read_series(bytes_, out);
  const profile::Value value = what_ == Run::none ? profile::Value{} : profile::Value{last_};
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
    switch (static_cast<Series::Run>(entry & 3U)) {
      case Series::Run::change:
        last += unzigzag(rest);
        out.emplace_back(last);
        break;
      case Series::Run::same:
        out.insert(out.end(), rest, profile::Value{last});
        break;
      case Series::Run::none:
        out.insert(out.end(), rest, profile::Value{});
        break;
    }
  }
}

}  // namespace gensetd::history
