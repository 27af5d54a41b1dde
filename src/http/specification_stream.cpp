#include "http/specification_stream.hpp"

#include <utility>

namespace gensetd::http {

NextMessage SpecificationStream::next(Moment) {
  if (snapshot_) return snapshot_piece();
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
  if (snapshot_ && !snapshot_->has_told(newest->device_id)) return;
  const bool was_silent = mailbox_.empty();
  if (mailbox_.put(newest)) conflated();
  if (was_silent) wake();
}

OutgoingMessage SpecificationStream::snapshot_piece() {
  OutgoingMessage piece{.text = {}, .is_complete = false};
  bool needs_comma = std::exchange(snapshot_begun_, true);
  if (!needs_comma) piece.text = R"({"type":"snapshot","data":[)";
  while (piece.text.size() < piece_bytes) {
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

}  // namespace gensetd::http
