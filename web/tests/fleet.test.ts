import assert from "node:assert/strict";
import { test } from "node:test";
import { input_passes, is_not_auto, is_running, matches, order_sites, passes, summary_of } from "../src/lib/fleet";
import { site_state } from "../src/lib/site-state";
import type { Site } from "../src/lib/types";
import { board_on_mains, carrying, genset, standby, switchboard } from "./make";

const site = (id: number, code: string, more: Partial<Site> = {}): Site => ({ id, code, name: `Site ${code}`, network: null, description: null, is_active: true, topology: null, ...more });

test("only sets between the end of cranking and the order to stop run", () => {
  const running = Array.from({ length: 17 }, (_, code) => code).filter((code) => is_running(genset(1, { gen_status: code })));
  assert.deepEqual(running, [5, 6, 7, 8, 9, 10, 11]);
  assert.equal(is_running(genset(1, carrying, { quality: "offline" })), false);
});

test("not in AUTO is what says so, not what is unknown", () => {
  assert.equal(is_not_auto(genset(1, { mode_auto: false, mode_manual: true })), true);
  assert.equal(is_not_auto(genset(1, { mode_auto: true, mode_test: true })), true);
  assert.equal(is_not_auto(genset(1, { mode_auto: true })), false);
  assert.equal(is_not_auto(genset(1, {})), false);
  assert.equal(is_not_auto(genset(1, { mode_manual: true }, { quality: "offline" })), false);
});

test("the figures of the fleet leave out what is out of use, and say what they do not know", () => {
  const inputs = [genset(1, carrying), genset(2, standby), genset(3, carrying, { quality: "offline" }), genset(4, carrying, { quality: "stale" }), genset(5, carrying, { quality: "disabled" }), switchboard(6, board_on_mains)];
  const summary = summary_of([site(1, "A"), site(2, "B", { is_active: false })], inputs, [], false);
  assert.deepEqual(summary, { sites: 1, gensets: 4, running: 2, power: 228, power_partial: true, alarms: 0, worst: null, offline: 1, stale: 1, old: true });
});

test("power that nobody tells is no zero", () => {
  assert.equal(summary_of([], [genset(1, { power_total: null })], [], false).power, null);
  assert.equal(summary_of([], [genset(1, { power_total: 0 })], [], false).power, 0);
});

test("worst sites stand first, a blackout before all, out of use last; or by code alone", () => {
  const sites = [site(1, "A10"), site(2, "A2"), site(3, "B"), site(4, "C", { is_active: false }), site(5, "D")];
  const states = new Map([
    [1, site_state(sites[0]!, [genset(1, standby)])],
    [2, site_state(sites[1]!, [genset(2, standby)])],
    [3, site_state(sites[2]!, [genset(3, { ...standby, alarm_warning: true })])],
    [4, site_state(sites[3]!, [])],
    [5, site_state(sites[4]!, [genset(5, { ...standby, mains_normal: false, mains_load: false, mains_uab: 0 })])],
  ]);
  assert.deepEqual(order_sites(sites, states, false), [5, 3, 2, 1, 4]);
  assert.deepEqual(order_sites(sites, states, true), [2, 1, 3, 4, 5], "A2 before A10");
});

test("each filter passes what it names", () => {
  const alarmed = genset(1, { ...standby, alarm_block: true });
  const far = genset(2, {}, { quality: "never" });
  const old = genset(3, standby, { quality: "stale" });
  const well = genset(4, { ...standby, mode_auto: true });
  const passing = (filter: Parameters<typeof input_passes>[1]) => [alarmed, far, old, well].filter((one) => input_passes(one, filter)).map((one) => one.device.id);
  assert.deepEqual(passing("alarms"), [1]);
  assert.deepEqual(passing("offline"), [2]);
  assert.deepEqual(passing("stale"), [3]);
  assert.deepEqual(passing("deviating"), [1, 2, 3]);
  assert.deepEqual(passing("all"), [1, 2, 3, 4]);
});

test("search finds site and device by name, code and address, whatever the letters' size", () => {
  const inputs = [genset(1, standby, { name: "ДГУ-1", ip_address: "10.0.0.7" })];
  for (const text of ["дгу", " mkz ", "0.0.7", "site"]) assert.equal(passes(site(1, "MKZ"), inputs, undefined, "all", text), true, text);
  assert.equal(passes(site(1, "MKZ"), inputs, undefined, "all", "tms"), false);
  assert.equal(matches([null, undefined, "x"], ""), true);
});
