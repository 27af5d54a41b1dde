#include "http/specification_stream.hpp"

#include <utility>

namespace gensetd::http {

NextMessage SpecificationStream::next(Moment) {
  if (std::exchange(snapshot_due_, false)) return OutgoingMessage{.text = snapshot()};
  if (std::exchange(pong_due_, false)) return OutgoingMessage{.text = "pong"};
  if (live::ReadingPtr newest = mailbox_.take())
    return OutgoingMessage{.text = {}, .reading = std::move(newest)};
  return Silence{};
}

void SpecificationStream::received(std::string_view text) {
  if (text != "ping") return;
  pong_due_ = true;
  wake();
}

void SpecificationStream::changed(const live::ReadingPtr& newest) {
  if (snapshot_due_) return;
  const bool was_silent = mailbox_.empty();
  if (mailbox_.put(newest)) conflated();
  if (was_silent) wake();
}

std::string SpecificationStream::snapshot() {
  std::string message = R"({"type":"snapshot","data":[)";
  bool first = true;
  for (const auto& reading : hub_.all()) {
    if (!is_selected(selection_, reading->device_id)) continue;
    if (!std::exchange(first, false)) message += ',';
    message += reading->json;
  }
  message += "]}";
  return message;
}

}  // namespace gensetd::http
