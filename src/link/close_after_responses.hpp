#pragma once

#include "link/transaction.hpp"

#include <chrono>

namespace gensetd::link {

// Recognises a peer that closes each connection after the same number of responses, as some converters do. A
// request that is sent while such a peer is about to close is lost, and its repetition must wait until its
// response can no longer be confused with a late one. So the next request waits for the close instead. Use:
// opened(); responded() for each valid response; before a request wait_until(), then sent(); closed() when
// the peer has closed the connection.
class CloseAfterResponses {
 public:
  void opened();
  void responded(SteadyTime now);
  void closed(SteadyTime now);

  // The peer is expected to close the connection until then; the past if no close is expected.
  SteadyTime wait_until() const;
  void sent(SteadyTime now);

 private:
  // So many connections in a row must be closed after the same number of responses.
  static constexpr int same_in_a_row_min = 2;
  // A close later than this after the last response has another cause, such as an idle timeout.
  static constexpr std::chrono::milliseconds close_delay_max{1'000};
  static constexpr std::chrono::milliseconds margin{100};

  bool is_close_expected() const {
    return same_in_a_row_ >= same_in_a_row_min && responses_ == usual_responses_;
  }

  int usual_responses_ = 0;  // before the last closes
  int same_in_a_row_ = 0;
  std::chrono::nanoseconds close_delay_{0};  // the longest of those closes, from the last response
  int responses_ = 0;                        // on this connection
  SteadyTime responded_at_{};                // the last of them
};

}  // namespace gensetd::link
