#pragma once

#include "chance.hpp"
#include "modbus/read_request.hpp"
#include "network.hpp"
#include "poller/register_codes.hpp"
#include "profile/profile.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace gensetd::simulation {

// What is wrong with a controller.
enum class Illness : std::uint8_t {
  none,
  silent,
  late,              // answers after 0.3 to 9 s
  lossy,             // one request in four is not answered
  one_lost,          // the next answer is lost, then it is well
  torn,              // answers come in pieces
  doubled,           // answers come twice, the second up to 0.4 s later
  mangled,           // CRC, transaction id, unit id or length are wrong, now and then
  strays,            // answers that nobody asked for come before the right one
  idle_strays,       // answers and exceptions come while nothing is asked
  own_ids,           // Modbus TCP: its transaction ids are not those of the requests
  shortened,         // fewer registers than asked, or a byte count of fewer, one answer in five
  busy,              // exception 5, 6, 10 or 11, one request in three
  refuses_block,     // exception 2 to whatever touches one block
  mute_when_merged,  // silent to reads of more than one block
};

const char* word(Illness illness);

// A cycle has one second attempt: two losses that are nearer than this are reason to fail.
inline constexpr std::chrono::minutes loss_pause{1};

// A controller whose registers say which they are and when they were read.
struct Controller {
  std::int64_t device_id = 0;
  std::uint8_t unit_id = 1;
  profile::ProfilePtr profile;
  Illness illness = Illness::none;
  std::uint16_t sick_block = 0;
  Time lost_at{};  // the last answer of one_lost, or connection, whose loss is no reason to fail
};

// What the contract has to know of answers.
class AnswerWitness {
 public:
  virtual ~AnswerWitness() = default;
  // The program could read the last byte of an answer, good or bad, to this request.
  virtual void answered(Peer& peer, const modbus::ReadRequest& request) = 0;
  // A second time; nothing tells it from an answer to another request of this unit and count.
  virtual void copied(Peer& peer, const modbus::ReadRequest& request) = 0;
  virtual void partly_answered(Peer& peer, const modbus::ReadRequest& request) = 0;
  // An answer was lost, delayed or spoiled: its device may suffer until `until`.
  virtual void spoiled(const Controller& controller, Time until) = 0;
  // A new connection is there, and requests on it are ignored until `until`.
  virtual void ignores(const Controller& controller, Time until) = 0;
  // Whether the program waits for no answer and no connection.
  virtual bool is_idle(const Peer& peer) const = 0;
};

// What controllers share.
struct Plant {
  Kernel& kernel;
  Network& network;
  Chance& chance;
  Trace& trace;
  AnswerWitness& witness;
  poller::RegisterCodes codes;

  poller::SteadyTime steady() const { return poller::SteadyTime{kernel.now()}; }
  // Whether what arrives now is read before anything is sent.
  bool is_idle(const Peer& peer) const { return !kernel.is_stalled() && witness.is_idle(peer); }
};

// An HGM9520N: a Modbus TCP server.
class Genset final : public Peer {
 public:
  Genset(Plant& plant, std::string name, std::string address, Controller controller);
  void opened(int connection) override;
  void received(int connection, std::span<const std::uint8_t> bytes) override;
  void closed(int connection) override;

  Controller controller;
  bool frozen = false;      // the connection lives, and nothing comes
  bool resets = false;      // breaks off a connection, one request in four
  bool ends_early = false;  // says that it sends no more, one request in four
  bool closes_after_answer = false;
  void stray_later();     // frames come while nothing is asked, as long as that is its illness
  void begin_ignoring();  // for 1 to 4 s after each new connection, beginning with a new one now
  void end_ignoring() { ignores_ = false; }

 private:
  void asked(int connection, const Bytes& request);
  void answer(int connection, const Bytes& request, const modbus::ReadRequest& read);
  void deliver(int connection, Bytes frame, const modbus::ReadRequest& read);
  void send_stray();
  std::uint16_t own_id(std::uint16_t transaction_id);

  Plant& plant_;
  std::map<int, Bytes> received_;
  std::map<int, Time> ignores_until_;
  bool ignores_ = false;
  bool has_answered_ = true;                   // on the connection before the newest one, or since
  std::uint16_t last_id_ = 0;                  // of the last request,
  modbus::ReadRequest last_read_{.count = 1};  // and what it asked for
  std::uint16_t own_id_ = 0;
  Time free_at_{};
  Time sending_until_{};
};

// A serial converter with HGM9560 and others behind it: RTU at 9600 baud. What the line brings goes to
// whoever is connected then.
class Converter final : public Peer {
 public:
  Converter(Plant& plant, std::string name, std::string address, std::uint16_t port,
            std::vector<Controller> its_controllers);
  void opened(int) override {}
  void received(int connection, std::span<const std::uint8_t> bytes) override;
  void closed(int connection) override;

  std::vector<Controller> controllers;
  bool frozen = false;  // the serial cable is out
  bool resets = false;
  bool babbles = false;
  bool closes_after_answer = false;
  void babble();                             // noise comes while it does
  void stray_later(Controller& controller);  // frames come while nothing is asked and that is its illness

 private:
  void asked(const Bytes& request);
  void send_stray(const Controller& controller);
  void answer(Controller& controller, const modbus::ReadRequest& read);
  void put_on_line(Bytes bytes, const modbus::ReadRequest* read, std::function<void()> arrived = {});

  Plant& plant_;
  std::map<int, Bytes> received_;
  Time line_free_at_{};
  Time packed_until_{};
};

// What a well controller puts behind unit id and before the CRC: function, length, registers; or an
// exception. Empty: it says nothing.
Bytes answer_of(Plant& plant, const Controller& controller, const modbus::ReadRequest& read);

}  // namespace gensetd::simulation
