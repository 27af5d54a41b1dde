import assert from "node:assert/strict";
import { test } from "node:test";
import { site_state, type SiteState, type Situation } from "../src/lib/site-state";
import type { Input } from "../src/lib/topology";
import { switchboard_on_mains, switchboard_on_gensets, on_load, device, genset, renamed, running_open, standby, switchboard } from "./builders";

const of = (...inputs: Input[]) => site_state({ topology: null }, inputs);
const lost = { mains_normal: false, mains_load: false, mains_uab: 0 };

const cases: [string, Input[], Situation][] = [
  ["mains present, gensets stopped", [switchboard(1, switchboard_on_mains), genset(2, standby)], "on_mains"],
  ["mains normal, in their delay", [switchboard(1, { ...switchboard_on_mains, mains_status: 1 }), genset(2, standby)], "on_mains"],
  ["parallel", [switchboard(1, { ...switchboard_on_mains, busbar_switch: 3, busbar_uab: 400 }), genset(2, on_load)], "parallel"],
  ["a genset runs with its breaker open", [switchboard(1, switchboard_on_mains), genset(2, running_open)], "test_run"],
  ["mains lost, gensets on load", [switchboard(1, switchboard_on_gensets), genset(2, on_load)], "on_gensets"],
  ["mains lost, nothing feeds", [switchboard(1, { ...switchboard_on_gensets, busbar_switch: 7, busbar_uab: 0 }), genset(2, standby)], "blackout"],
  ["switchboard offline", [switchboard(1, switchboard_on_mains, { quality: "offline" }), genset(2, standby)], "unknown"],
  ["unknown switch code", [switchboard(1, { ...switchboard_on_mains, mains_switch: 9 }), genset(2, standby)], "unknown"],
  ["a single genset, load on mains", [genset(1, standby)], "on_mains"],
  ["a single genset on load", [genset(1, { ...on_load, ...lost })], "on_gensets"],
  ["a single genset, blackout", [genset(1, { ...standby, ...lost })], "blackout"],
  ["no reading yet", [genset(1, {}, { quality: "waiting" })], "unknown"],
  ["no devices", [], "empty"],
  ["all devices inactive", [genset(1, {}, { is_active: false, quality: "disabled" })], "empty"],
];
for (const [name, inputs, situation] of cases) {
  test(`${situation}: ${name}`, () => assert.equal(of(...inputs).situation, situation));
  test(`${situation}, fields with other names: ${name}`, () => assert.deepEqual(figures(of(...inputs.map(renamed))), figures(of(...inputs))));
}

function figures({ blocks: _, ...state }: SiteState) {
  return state;
}

test("the situation of a site is that of its worst block", () => {
  const site = { topology: { blocks: [{ mains_device: 1, gensets: [2] }, { mains_device: 3, gensets: [] }] } };
  const state = site_state(site, [switchboard(1, switchboard_on_mains), genset(2, standby), switchboard(3, { ...switchboard_on_gensets, busbar_switch: 7, busbar_uab: 0 })]);
  assert.equal(state.situation, "blackout");
});

test("gensets on load are counted among the active ones", () => {
  const state = of(switchboard(1, switchboard_on_gensets), genset(2, on_load), genset(3, on_load), genset(4, standby), genset(5, {}, { is_active: false, quality: "disabled" }));
  assert.deepEqual([state.gensets_feeding, state.gensets, state.load_power], [2, 3, 228]);
});

test("stale and offline devices are counted, and unknown power of a feeding genset makes the sum unknown", () => {
  const state = of(switchboard(1, switchboard_on_gensets, { quality: "stale" }), genset(2, { ...on_load, power_total: null }), genset(3, {}, { quality: "offline" }));
  assert.deepEqual([state.stale, state.offline, state.genset_power, state.health], [1, 1, null, 4]);
});

test("an alarm changes the health of a site, not its situation", () => {
  const state = of(switchboard(1, switchboard_on_mains), genset(2, { ...standby, alarm_shutdown: true }));
  assert.deepEqual([state.situation, state.health], ["on_mains", 1]);
});

test("a site without readings has no health", () => assert.equal(of({ device: device(1), profile: undefined, reading: null, quality: "waiting" }).health, "none"));
