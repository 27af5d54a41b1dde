import assert from "node:assert/strict";
import { test } from "node:test";
import { site_state, type Situation } from "../src/lib/site-state";
import type { Input } from "../src/lib/topology";
import { board_on_mains, board_on_sets, carrying, device, genset, running_open, standby, switchboard } from "./make";

const of = (...inputs: Input[]) => site_state({ topology: null }, inputs);
const lost = { mains_normal: false, mains_load: false, mains_uab: 0 };

const cases: [string, Input[], Situation][] = [
  ["mains, sets at rest", [switchboard(1, board_on_mains), genset(2, standby)], "on_mains"],
  ["mains in their delay", [switchboard(1, { ...board_on_mains, mains_status: 1 }), genset(2, standby)], "on_mains"],
  ["parallel", [switchboard(1, { ...board_on_mains, busbar_switch: 3, busbar_uab: 400 }), genset(2, carrying)], "parallel"],
  ["a set runs beside the mains", [switchboard(1, board_on_mains), genset(2, running_open)], "test_run"],
  ["mains lost, sets carry", [switchboard(1, board_on_sets), genset(2, carrying)], "on_gensets"],
  ["mains lost, nothing feeds", [switchboard(1, { ...board_on_sets, busbar_switch: 7, busbar_uab: 0 }), genset(2, standby)], "blackout"],
  ["switchboard offline", [switchboard(1, board_on_mains, { quality: "offline" }), genset(2, standby)], "unknown"],
  ["unknown switch code", [switchboard(1, { ...board_on_mains, mains_switch: 9 }), genset(2, standby)], "unknown"],
  ["a single set on mains", [genset(1, standby)], "on_mains"],
  ["a single set carries", [genset(1, { ...carrying, ...lost })], "on_gensets"],
  ["a single set, blackout", [genset(1, { ...standby, ...lost })], "blackout"],
  ["nothing known yet", [genset(1, {}, { quality: "waiting" })], "unknown"],
  ["no devices", [], "empty"],
  ["all out of use", [genset(1, {}, { is_active: false, quality: "disabled" })], "empty"],
];
for (const [name, inputs, situation] of cases) test(`${situation}: ${name}`, () => assert.equal(of(...inputs).situation, situation));

test("of several blocks the worst is told", () => {
  const site = { topology: { blocks: [{ mains_device: 1, gensets: [2] }, { mains_device: 3, gensets: [] }] } };
  const state = site_state(site, [switchboard(1, board_on_mains), genset(2, standby), switchboard(3, { ...board_on_sets, busbar_switch: 7, busbar_uab: 0 })]);
  assert.equal(state.situation, "blackout");
});

test("sets that carry are counted of all that are in use", () => {
  const state = of(switchboard(1, board_on_sets), genset(2, carrying), genset(3, carrying), genset(4, standby), genset(5, {}, { is_active: false, quality: "disabled" }));
  assert.deepEqual([state.sets_closed, state.sets, state.load_power], [2, 3, 228]);
});

test("stale and lost devices are counted, and a set that carries unknown power hides the sum", () => {
  const state = of(switchboard(1, board_on_sets, { quality: "stale" }), genset(2, { ...carrying, power_total: null }), genset(3, {}, { quality: "offline" }));
  assert.deepEqual([state.stale, state.offline, state.genset_power, state.health], [1, 1, null, 4]);
});

test("state and health are two things", () => {
  const state = of(switchboard(1, board_on_mains), genset(2, { ...standby, alarm_shutdown: true }));
  assert.deepEqual([state.situation, state.health], ["on_mains", 1]);
});

test("a site in use without an answer is not well", () => assert.equal(of({ device: device(1), reading: null, quality: "waiting" }).health, "none"));
