#pragma once

#include "link/conversation.hpp"
#include "modbus/crc.hpp"
#include "modbus/error.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace gensetd::link {

using Bytes = std::vector<std::uint8_t>;

inline Bytes with_crc(Bytes frame) {
  const std::uint16_t crc = modbus::crc16(frame);
  frame.push_back(static_cast<std::uint8_t>(crc & 0xFF));
  frame.push_back(static_cast<std::uint8_t>(crc >> 8));
  return frame;
}

// Registers `value`, `value` + 1, ...
inline Bytes numbers(std::size_t count, unsigned value) {
  Bytes bytes;
  for (std::size_t index = 0; index < count; ++index, ++value) {
    bytes.push_back(static_cast<std::uint8_t>(value >> 8));
    bytes.push_back(static_cast<std::uint8_t>(value & 0xFF));
  }
  return bytes;
}

inline Bytes rtu_response(unsigned unit_id, const Bytes& data) {
  Bytes frame{static_cast<std::uint8_t>(unit_id), 3, static_cast<std::uint8_t>(data.size())};
  frame.insert(frame.end(), data.begin(), data.end());
  return with_crc(frame);
}

inline Bytes tcp_response(unsigned transaction_id, unsigned unit_id, const Bytes& data) {
  const auto size = static_cast<std::uint8_t>(data.size());
  Bytes frame{static_cast<std::uint8_t>(transaction_id >> 8),
              static_cast<std::uint8_t>(transaction_id),
              0,
              0,
              0,
              static_cast<std::uint8_t>(size + 3),
              static_cast<std::uint8_t>(unit_id),
              3,
              size};
  frame.insert(frame.end(), data.begin(), data.end());
  return frame;
}

inline Bytes tcp_exception(unsigned transaction_id, unsigned unit_id, unsigned code) {
  return {static_cast<std::uint8_t>(transaction_id >> 8),
          static_cast<std::uint8_t>(transaction_id),
          0,
          0,
          0,
          3,
          static_cast<std::uint8_t>(unit_id),
          0x83,
          static_cast<std::uint8_t>(code)};
}

inline Bytes rtu_request(unsigned unit_id, unsigned first, unsigned count) {
  return with_crc({static_cast<std::uint8_t>(unit_id), 3, static_cast<std::uint8_t>(first >> 8),
                   static_cast<std::uint8_t>(first & 0xFF), 0, static_cast<std::uint8_t>(count)});
}

// A conversation with a clock that the test sets. Each action is a line of text: "connect", "close", "send
// 1:55+10" (unit, first, count), "report a 400 401 402", "report a no response in time", "suspect a 55+10",
// "wait 50" (milliseconds; "wait": no limit).
class Script {
 public:
  class TestHandler : public TransactionHandler {
    void finished(const Outcome&) override {}
  };

  Script() { conversation.opened(now); }

  void submit(const std::string& name, const modbus::ReadRequest& request, ExtensionRange extension = {}) {
    transaction.request = request;
    transaction.extension = extension;
    conversation.submit(handlers[name], transaction);
  }

  void later(std::chrono::milliseconds time) { now += time; }
  void receive(const Bytes& bytes) { conversation.received(bytes, now); }

  std::string next() { return words(conversation.next(now)); }

  // Advances the clock over each wait until something else happens.
  std::string next_event() {
    for (;;) {
      const Action action = conversation.next(now);
      const auto* wait = std::get_if<Wait>(&action);
      if (wait == nullptr || wait->until == SteadyTime::max()) return words(action);
      now = std::max(wait->until, now + std::chrono::microseconds{1});
    }
  }

  // Responds to the last request; its first wanted register is `value`, the next `value` + 1, ...
  void respond(unsigned value) {
    receive(rtu_response(sent.unit_id, numbers(sent.count, value - (wanted_first - sent.first))));
  }

  // Responds until the transaction is reported; twice if the registers are read for the first time.
  std::string report_after(unsigned value) {
    for (;;) {
      const std::string event = next_event();
      if (!event.starts_with("send")) return event;
      respond(value);
    }
  }

  SteadyTime now{std::chrono::hours{1}};
  Conversation conversation;
  std::map<std::string, TestHandler> handlers;
  Transaction transaction{.protocol = modbus::Protocol::rtu_over_tcp,
                          .timeout = std::chrono::milliseconds{1'000},
                          .request_gap = std::chrono::milliseconds{50}};
  modbus::ReadRequest sent;
  std::uint16_t transaction_id = 0;  // of the last request over Modbus TCP
  unsigned wanted_first = 0;
  bool reported_new_connection = false;  // of the last reported outcome

 private:
  std::string name_of(const TransactionHandler* handler) {
    for (const auto& [name, known] : handlers) {
      if (&known == handler) return name;
    }
    return "unknown";
  }

  std::string words(const Action& action) {
    if (std::holds_alternative<Connect>(action)) return "connect";
    if (std::holds_alternative<Close>(action)) return "close";
    if (const auto* suspect = std::get_if<ReportSuspect>(&action))
      return fmt::format("suspect {} {}+{}", name_of(suspect->handler), suspect->request.first,
                         suspect->request.count);
    if (const auto* wait = std::get_if<Wait>(&action)) {
      if (wait->until == SteadyTime::max()) return "wait";
      return fmt::format("wait {}", std::chrono::ceil<std::chrono::milliseconds>(wait->until - now).count());
    }
    if (const auto* send = std::get_if<Send>(&action)) {
      const bool is_serial = send->length == modbus::rtu_request_length;
      EXPECT_EQ(send->at_once, is_serial);
      const std::size_t start = is_serial ? 0 : 6;
      const auto number = [&](std::size_t place) {
        return static_cast<std::uint16_t>((send->bytes[start + place] << 8) | send->bytes[start + place + 1]);
      };
      if (!is_serial) transaction_id = static_cast<std::uint16_t>((send->bytes[0] << 8) | send->bytes[1]);
      sent = {.unit_id = send->bytes[start],
              .function = modbus::Function::holding_registers,
              .first = number(2),
              .count = number(4)};
      wanted_first = transaction.request.first;
      return fmt::format("send {}:{}+{}", sent.unit_id, sent.first, sent.count);
    }
    const auto& report = std::get<Report>(action);
    reported_new_connection = report.outcome.new_connection;
    std::string text = "report " + name_of(report.handler);
    if (report.outcome.error == modbus::ResponseError::exception_response)
      return text + fmt::format(" exception {}", report.outcome.exception);
    if (report.outcome.error) return text + " " + report.outcome.error.message();
    for (std::size_t index = 0; index + 1 < report.outcome.registers.size(); index += 2)
      text +=
          fmt::format(" {}", (report.outcome.registers[index] << 8) | report.outcome.registers[index + 1]);
    return text;
  }
};

}  // namespace gensetd::link
