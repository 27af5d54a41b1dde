#include "faults.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace gensetd::simulation {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr minutes host_pause_max{8};
constexpr minutes controller_pause_max{8};
constexpr minutes machine_pause_max{10};
constexpr std::uint64_t path_faults = 5;  // that of_path() has

}  // namespace

PlantFaults::PlantFaults(PlantModel& plant, PollerChecks& checks, std::vector<GensetModel*> gensets,
                         ConverterModel& converter, Time until)
    : plant_(plant), checks_(checks), gensets_(std::move(gensets)), converter_(converter), until_(until) {}

void PlantFaults::start() {
  for (GensetModel* genset : gensets_) {
    visit([this, genset] { return of_genset(*genset); }, host_pause_max);
    visit([this, genset] { return of_controller(*genset, genset->controller); }, controller_pause_max);
  }
  visit([this] { return of_converter(); }, host_pause_max);
  for (ModelController& controller : converter_.controllers)
    visit([this, &controller] { return of_controller(converter_, controller); }, controller_pause_max);
  visit([this] { return of_machine(); }, machine_pause_max);
}

// A pause, a fault, and again.
void PlantFaults::visit(std::function<Fault()> draw, Time pause_max) {
  RandomSource& chance = plant_.chance;
  const auto most = std::chrono::duration_cast<microseconds>(pause_max);
  const Time begins = plant_.kernel.now() + chance.between(seconds{1}, most);
  const Time length = chance.happens(0.5) ? chance.between(milliseconds{1}, seconds{10})
                                          : chance.between(seconds{5}, minutes{2});
  if (begins + length > until_) return;
  plant_.kernel.at(begins, [this, draw = std::move(draw), pause_max, length] {
    Fault fault = draw();
    fault.begin();
    plant_.trace.note(plant_.kernel.now(), "fault begins:", fault.name);
    plant_.kernel.at(plant_.kernel.now() + length, [this, draw, pause_max, fault = std::move(fault)] {
      fault.end();
      plant_.trace.note(plant_.kernel.now(), "fault ends:", fault.name);
      visit(draw, pause_max);
    });
  });
}

PlantFaults::Fault PlantFaults::marked(std::string name, std::vector<std::int64_t> ids, bool dead, Step begin,
                                       Step end) {
  return {std::move(name),
          [this, ids, dead, begin = std::move(begin)] {
            for (const std::int64_t id : ids) checks_.fault_begins(id, dead);
            begin();
          },
          [this, ids, dead, end = std::move(end)] {
            end();
            for (const std::int64_t id : ids) checks_.fault_ends(id, dead);
          }};
}

std::vector<std::int64_t> PlantFaults::behind(const ConverterModel& converter) const {
  std::vector<std::int64_t> ids;
  for (const ModelController& controller : converter.controllers) ids.push_back(controller.device_id);
  return ids;
}

PlantFaults::Fault PlantFaults::of_path(Peer& peer, std::vector<std::int64_t> ids, std::uint64_t which) {
  Network& network = plant_.network;
  switch (which) {
    case 0:  // the cable is out
      return marked(
          peer.name + ": cable out", std::move(ids), true, [&peer] { peer.path.cut = true; },
          [&peer, &network] {
            peer.path.cut = false;
            network.path_restored(peer);
          });
    case 1:  // the power is off
      return marked(
          peer.name + ": power off", std::move(ids), true,
          [&peer, &network] {
            peer.path.cut = true;
            network.forget(peer);
          },
          [&peer, &network] {
            peer.path.cut = false;
            network.path_restored(peer);
          });
    case 2:  // it restarts: nothing listens, and its connections are broken off
      return marked(
          peer.name + ": refuses", std::move(ids), true,
          [&peer, &network] {
            peer.path.refuses = true;
            const int connection = network.newest_connection(peer);
            if (connection != 0) network.reset(connection);
          },
          [&peer] { peer.path.refuses = false; });
    case 3:  // no route for new connections; an existing one stays open
      return marked(
          peer.name + ": unreachable", std::move(ids), false, [&peer] { peer.path.unreachable = true; },
          [&peer] { peer.path.unreachable = false; });
    default: {  // a bad path: slow, and segments are lost. No reason to fail, unless half a frame arrives
                // late.
      const Step begin = [&peer] {
        peer.path.latency_max = milliseconds{100};
        peer.path.loss = 0.1;
      };
      const Step end = [&peer] {
        peer.path.latency_max = Path{}.latency_max;
        peer.path.loss = 0;
      };
      if (&peer == &converter_) return marked(peer.name + ": bad path", std::move(ids), false, begin, end);
      return {peer.name + ": bad path", begin, end};
    }
  }
}

PlantFaults::Fault PlantFaults::of_genset(GensetModel& genset) {
  const std::vector<std::int64_t> ids{genset.controller.device_id};
  const bool has_name = &genset == gensets_.back();
  const std::uint64_t which = plant_.chance.below(path_faults + (has_name ? 6 : 5));
  switch (which) {
    case path_faults:
      return marked(
          genset.name + ": frozen", ids, true, [&genset] { genset.frozen = true; },
          [&genset] { genset.frozen = false; });
    case path_faults + 1:
      return marked(
          genset.name + ": resets", ids, false, [&genset] { genset.resets = true; },
          [&genset] { genset.resets = false; });
    case path_faults + 2:
      return marked(
          genset.name + ": ends early", ids, false, [&genset] { genset.ends_early = true; },
          [&genset] { genset.ends_early = false; });
    case path_faults + 3:
      return {genset.name + ": ignores requests", [&genset] { genset.begin_ignoring(); },
              [&genset] { genset.end_ignoring(); }};
    case path_faults + 4: {
      const std::string name = genset.name + ": closes after each answer";
      const Step begin = [&genset] { genset.closes_after_response = true; };
      const Step end = [&genset] { genset.closes_after_response = false; };
      // A request is sent once more when its connection is closed. Of several in flight one may lose both.
      const auto& transport = genset.controller.profile->transport(modbus::Protocol::tcp);
      if (transport.requests_in_flight == 1) return {name, begin, end};
      return marked(name, ids, false, begin, end);
    }
    case path_faults + 5:
      return marked(
          "name service", ids, false, [this] { names_fail_ = true; }, [this] { names_fail_ = false; });
    default:
      return of_path(genset, ids, which);
  }
}

PlantFaults::Fault PlantFaults::of_converter() {
  ConverterModel& converter = converter_;
  const std::uint64_t which = plant_.chance.below(path_faults + 4);
  switch (which) {
    case path_faults:
      return marked(
          "converter: frozen", behind(converter), true, [&converter] { converter.frozen = true; },
          [&converter] { converter.frozen = false; });
    case path_faults + 1:
      return marked(
          "converter: resets", behind(converter), false, [&converter] { converter.resets = true; },
          [&converter] { converter.resets = false; });
    case path_faults + 2:
      return marked(
          "converter: babbles", behind(converter), false,
          [this, &converter] {
            converter.is_noisy = true;
            checks_.noise_begins(converter);
            converter.send_noise();
          },
          [this, &converter] {
            converter.is_noisy = false;
            checks_.noise_ends(converter);
          });
    case path_faults + 3:
      return marked(
          "converter: closes after each answer", behind(converter), false,
          [&converter] { converter.closes_after_response = true; },
          [&converter] { converter.closes_after_response = false; });
    default:
      return of_path(converter, behind(converter), which);
  }
}

PlantFaults::Fault PlantFaults::of_controller(Peer& peer, ModelController& controller) {
  constexpr std::array illnesses{
      ControllerFault::silent,           ControllerFault::late,        ControllerFault::lossy,
      ControllerFault::one_lost,         ControllerFault::torn,        ControllerFault::doubled,
      ControllerFault::mangled,          ControllerFault::unsolicited, ControllerFault::busy,
      ControllerFault::idle_unsolicited, ControllerFault::shortened,   ControllerFault::refuses_block,
      ControllerFault::mute_when_merged, ControllerFault::own_ids};
  const bool serial = &peer == &converter_;
  // RTU has no transaction ids.
  ControllerFault controller_fault = illnesses[plant_.chance.below(illnesses.size() - (serial ? 1 : 0))];
  if (controller_fault == ControllerFault::one_lost && plant_.kernel.now() < controller.lost_at + loss_pause)
    controller_fault = ControllerFault::torn;
  const auto block = static_cast<std::uint16_t>(plant_.chance.below(controller.profile->blocks.size()));
  const std::int64_t id = controller.device_id;
  const Step begin = [this, &controller, controller_fault, block, id, serial] {
    controller.controller_fault = controller_fault;
    controller.faulty_block = block;
    if (controller_fault == ControllerFault::refuses_block) checks_.block_refused(id, block, true);
    if (controller_fault != ControllerFault::idle_unsolicited) return;
    serial ? converter_.send_unsolicited_later(controller) : genset_with(id).send_unsolicited_later();
  };
  const Step end = [this, &controller, controller_fault, block, id] {
    controller.controller_fault = ControllerFault::none;
    if (controller_fault == ControllerFault::refuses_block) checks_.block_refused(id, block, false);
  };
  const std::string name = fmt::format("device {}: {}", id, word(controller_fault));
  switch (controller_fault) {
    case ControllerFault::silent:
    case ControllerFault::own_ids:  // its responses cannot be matched with requests
      return marked(name, {id}, true, begin, end);
    case ControllerFault::unsolicited:
    case ControllerFault::idle_unsolicited:
    case ControllerFault::doubled:
      // Over Modbus TCP doubled or unsolicited frames do no harm; on a line they affect every device.
      if (!serial) return {name, begin, end};
      return marked(name, behind(converter_), false, begin, end);
    case ControllerFault::late:
    case ControllerFault::mangled:
    case ControllerFault::shortened:
      return marked(name, serial ? behind(converter_) : std::vector{id}, false, begin, end);
    case ControllerFault::lossy:
    case ControllerFault::busy:
    // After alarm words got no response, a read is made longer than wanted, as far as it worked before: it
    // may touch a block more, and its repetition too.
    case ControllerFault::mute_when_merged:
      return marked(name, {id}, false, begin, end);
    case ControllerFault::refuses_block:
      // A read on a serial line is made longer than wanted, and may touch a block more.
      if (serial) return marked(name, {id}, false, begin, end);
      return {name, begin, end};
    default:
      return {name, begin, end};  // one lost response, or responses in pieces: no reason to fail
  }
}

GensetModel& PlantFaults::genset_with(std::int64_t device_id) const {
  return **std::ranges::find_if(
      gensets_, [&](const GensetModel* genset) { return genset->controller.device_id == device_id; });
}

// The daemon's own machine.
PlantFaults::Fault PlantFaults::of_machine() {
  Kernel& kernel = plant_.kernel;
  RandomSource& chance = plant_.chance;
  if (chance.happens(0.5)) {
    const Time length = chance.between(milliseconds{10}, seconds{4});
    return {"stall",
            [this, &kernel, length] {
              kernel.stall(length);
              checks_.stalled(kernel.now() + length);
            },
            [] {}};
  }
  if (chance.happens(0.5)) {
    const Time change = chance.between(milliseconds{0}, minutes{2}) - minutes{1};
    return {"wall clock", [&kernel, change] { kernel.set_wall_clock_by(change); }, [] {}};
  }
  // A clock that is wrong at boot, and corrected later.
  constexpr std::array<hours, 4> errors{hours{-1}, hours{1}, hours{-14 * 24}, hours{200 * 24}};
  const Time error = errors[chance.below(errors.size())];
  return {"wrong wall clock", [&kernel, error] { kernel.set_wall_clock_by(error); },
          [&kernel, error] { kernel.set_wall_clock_by(-error); }};
}

}  // namespace gensetd::simulation
