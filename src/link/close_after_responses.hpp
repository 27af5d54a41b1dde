#pragma once

#include "link/transaction.hpp"

#include <chrono>

namespace gensetd::link {

// Recognises a peer that closes each connection after the same number of responses, as some converters do. A
// request that is sent while such a peer is about to close is lost, and its repetition must wait until its
// response can no longer be confused with a late one. So the next request waits for the close instead. Use:
// opened(); responded() for each valid response; before a request wait_until(), then sent(); closed() when
// the peer has closed the connection. Only closes that cost a request teach it: else the wait would delay
// requests to peers that close idle connections.
class CloseAfterResponses {
 public:
  void opened();
  void responded(SteadyTime now);
  void closed(bool request_pending, SteadyTime now);

  // The peer is expected to close the connection until then; the past if no close is expected.
  SteadyTime wait_until() const;
  void sent(SteadyTime now);

 private:
  // So many connections in a row must be closed after the same number of responses. More after each wait in
  // vain: a peer that closes when the next request arrives looks alike, and no wait helps there.
  static constexpr int needed_min = 2;
  static constexpr int needed_max = 64;
  // A peer that closes idle connections after a short time closes them during the wait, too. After so many
  // closes that cost no request, one request does not wait: if it gets a response, nothing is expected.
  static constexpr int idle_in_a_row_max = 20;
  // A close later than this after the last response has another cause.
  static constexpr std::chrono::milliseconds close_delay_max{600};
  static constexpr std::chrono::milliseconds margin{100};

  bool is_close_expected() const {
    return same_in_a_row_ >= needed_ && responses_ == usual_responses_ && idle_in_a_row_ < idle_in_a_row_max;
  }

  int usual_responses_ = 0;  // before the last closes
  int same_in_a_row_ = 0;
  int needed_ = needed_min;
  int idle_in_a_row_ = 0;                    // of the closes: without a pending request
  std::chrono::nanoseconds close_delay_{0};  // the longest of those closes, from the last response
  int responses_ = 0;                        // on this connection
  SteadyTime responded_at_{};                // the last of them
};

}  // namespace gensetd::link
