#pragma once

#include "troubled_line.hpp"

#include <deque>

namespace gensetd::poller {

// How a gateway from Modbus TCP to a serial line gets out of step. It assumes that any frame in its receive
// buffer is the response to its last request, and gives it that request's transaction id.
struct GatewayTroubles {
  double late = 0.03;                // a controller responds after the gateway's own timeout
  milliseconds timeout{500};         // of the gateway
  double lost = 0.01;                // a controller does not respond
  double says_failed = 0.5;          // exception 0x0B after its timeout, otherwise nothing
  double sends_twice = 0.02;         // the gateway repeats a request without need: two responses
  double honest_unit = 0.0;          // it returns the unit id of the response, otherwise that of the request
  double flushes = 0.02;             // it empties its buffer before a request
  double exception = 0.005;          // a controller refuses
  double copied = 0.02;              // a response to another client is also sent to us
  double others_given_up = 0.0;      // a response to another client arrives after its timeout
  bool forgets_on_reconnect = true;  // its buffer belongs to the connection
};

class TroubledGateway final : public SimulatedPeer {
 public:
  TroubledGateway(GatewayTroubles troubles, RegisterCodes& codes, std::uint64_t seed)
      : SimulatedPeer(seed), troubles_(troubles), codes_(codes) {}

  std::uint8_t silent_unit = 0;
  std::uint64_t out_of_step = 0;  // responses that belonged to an earlier request

 private:
  struct Request {
    std::uint64_t number = 0;
    std::uint16_t transaction_id = 0;
    std::uint8_t unit_id = 0;
    unsigned first = 0;
    unsigned count = 0;
  };
  struct Response {
    std::uint64_t request = 0;
    std::uint8_t unit_id = 0;
    Bytes pdu;
  };

  void send_frame(const link::Send& send) override {
    const std::span<const std::uint8_t> bytes(send.bytes);
    queue_.push_back({.number = transactions,
                      .transaction_id = modbus::number_at(bytes, 0),
                      .unit_id = bytes[6],
                      .first = modbus::number_at(bytes, 8),
                      .count = modbus::number_at(bytes, 10)});
    if (!busy_) serve_next();
  }

  void serve_next() {
    busy_ = !queue_.empty();
    if (!busy_) return;
    current_ = queue_.front();
    queue_.pop_front();
    waiting_ = true;
    if (happens(troubles_.flushes)) buffer_.clear();
    requested_.push_back(current_);
    if (requested_.size() > 32) requested_.pop_front();
    if (happens(troubles_.others_given_up)) send_late_response_to_other_client();
    if (current_.unit_id != silent_unit && !happens(troubles_.lost)) {
      controller_responds();
      if (happens(troubles_.sends_twice)) controller_responds();
    }
    if (happens(troubles_.copied)) send_copy();
    at(now + troubles_.timeout, [this, number = current_.number] {
      if (!waiting_ || current_.number != number) return;
      waiting_ = false;
      if (happens(troubles_.says_failed)) deliver(current_, current_.unit_id, {0x83, 0x0B});
      at(now + milliseconds{5}, [this] { serve_next(); });
    });
    check_buffer();
  }

  // Another client reads the same ranges with other counts.
  void send_late_response_to_other_client() {
    Request other = requested_[below(requested_.size())];
    other.number = 0;
    other.unit_id = static_cast<std::uint8_t>(1 + below(3));
    other.count += static_cast<unsigned>(below(9));
    respond(other, now + milliseconds{static_cast<int>(below(2'500))});
  }

  void controller_responds() {
    SteadyTime arrives = now + milliseconds{60 + static_cast<int>(below(120))};
    if (happens(troubles_.late)) arrives += troubles_.timeout + milliseconds{static_cast<int>(below(2'500))};
    respond(current_, arrives);
  }

  void respond(const Request& request, SteadyTime arrives) {
    at(arrives, [this, request, read_at = arrives] {
      Bytes pdu{3, static_cast<std::uint8_t>(2 * request.count)};
      for (unsigned index = 0; index < request.count; ++index) {
        const std::uint16_t value = codes_.value(request.unit_id, request.first + index, read_at);
        pdu.push_back(modbus::high_byte(value));
        pdu.push_back(modbus::low_byte(value));
      }
      if (happens(troubles_.exception)) pdu = {0x83, 4};
      buffer_.push_back({.request = request.number, .unit_id = request.unit_id, .pdu = std::move(pdu)});
      if (buffer_.size() > 4) buffer_.pop_front();
      check_buffer();
    });
  }

  // The gateway checks its buffer.
  void check_buffer() {
    if (!waiting_ || buffer_.empty()) return;
    waiting_ = false;
    Response response = std::move(buffer_.front());
    buffer_.pop_front();
    if (response.request != current_.number) ++out_of_step;
    deliver(current_, happens(troubles_.honest_unit) ? response.unit_id : current_.unit_id, response.pdu);
    at(now + milliseconds{5}, [this] { serve_next(); });
  }

  void deliver(const Request& request, std::uint8_t unit_id, const Bytes& pdu) {
    if (!open_) {
      if (troubles_.forgets_on_reconnect) buffer_.clear();
      return;
    }
    Bytes frame{modbus::high_byte(request.transaction_id),
                modbus::low_byte(request.transaction_id),
                0,
                0,
                0,
                static_cast<std::uint8_t>(pdu.size() + 1),
                unit_id};
    frame.insert(frame.end(), pdu.begin(), pdu.end());
    at(now + milliseconds{3}, [this, frame = std::move(frame)] {
      if (open_) conversation.received(frame, now);
    });
  }

  // A response to another client that reads the same ranges and counts its ids from 1.
  void send_copy() {
    Request other = current_;
    other.transaction_id = ++other_client_id_;
    Bytes pdu{3, static_cast<std::uint8_t>(2 * other.count)};
    for (unsigned index = 0; index < other.count; ++index) {
      pdu.push_back(0xEE);
      pdu.push_back(0xEE);
    }
    deliver(other, other.unit_id, pdu);
  }

  GatewayTroubles troubles_;
  RegisterCodes& codes_;
  std::deque<Request> queue_;
  std::deque<Response> buffer_;
  std::deque<Request> requested_;  // the newest
  Request current_;
  bool busy_ = false;
  bool waiting_ = false;
  std::uint16_t other_client_id_ = 0;
};

}  // namespace gensetd::poller
