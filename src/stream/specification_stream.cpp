#include "stream/specification_stream.hpp"

#include <utility>

namespace gensetd::stream {

NextMessage SpecificationStream::next(ClockPair) {
  if (snapshot_) return snapshot_piece();
  if (std::exchange(pong_due_, false)) return OutgoingMessage{.text = "pong"};
  if (live::ReadingPtr newest = mailbox_.take())
    return OutgoingMessage{.text = {}, .reading = std::move(newest)};
  return NothingDue{};
}

void SpecificationStream::received(std::string_view text) {
  if (text != "ping") return;
  pong_due_ = true;
  wake();
}

void SpecificationStream::changed(const live::ReadingPtr& newest) {
  if (snapshot_ && !snapshot_->has_passed(newest->device_id)) return;
  const bool was_empty = mailbox_.empty();
  if (mailbox_.put(newest)) conflated();
  if (was_empty) wake();
}

OutgoingMessage SpecificationStream::snapshot_piece() {
  OutgoingMessage piece{.text = {}, .is_complete = false};
  bool needs_comma = std::exchange(snapshot_begun_, true);
  if (!needs_comma) piece.text = R"({"type":"snapshot","data":[)";
  while (piece.text.size() < text::piece_bytes) {
    const live::ReadingPtr reading = snapshot_->next(hub_, selection_);
    if (!reading) {
      piece.text += "]}";
      piece.is_complete = true;
      snapshot_.reset();
      break;
    }
    if (std::exchange(needs_comma, true)) piece.text += ',';
    piece.text += reading->json;
  }
  return piece;
}

}  // namespace gensetd::stream
