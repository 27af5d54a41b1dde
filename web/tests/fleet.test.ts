import assert from "node:assert/strict";
import { test } from "node:test";
import { device_matches, is_not_auto, is_running, order_sites, site_matches, summary_of, text_matches } from "../src/lib/fleet";
import { site_state } from "../src/lib/site-state";
import type { Site } from "../src/lib/types";
import { switchboard_on_mains, on_load, genset, renamed, standby, switchboard } from "./builders";

const site = (id: number, code: string, more: Partial<Site> = {}): Site => ({
  id, code, name: `Site ${code}`, network: null, description: null, is_active: true, topology: null, ...more,
});

test("gensets run from the end of cranking until the stop command", () => {
  const running = Array.from({ length: 17 }, (_, code) => code).filter((code) => is_running(genset(1, { gen_status: code })));
  assert.deepEqual(running, [5, 6, 7, 8, 9, 10, 11]);
  assert.equal(is_running(genset(1, on_load, { quality: "offline" })), false);
});

test("a device with unknown mode does not count as not in AUTO", () => {
  assert.equal(is_not_auto(genset(1, { mode_auto: false, mode_manual: true })), true);
  assert.equal(is_not_auto(genset(1, { mode_auto: true, mode_test: true })), true);
  assert.equal(is_not_auto(genset(1, { mode_auto: true })), false);
  assert.equal(is_not_auto(genset(1, {})), false);
  assert.equal(is_not_auto(genset(1, { mode_manual: true }, { quality: "offline" })), false);
});

test("the summary ignores inactive devices and marks partial and stale figures", () => {
  const inputs = [
    genset(1, on_load), genset(2, standby), genset(3, on_load, { quality: "offline" }), genset(4, on_load, { quality: "stale" }),
    genset(5, on_load, { quality: "disabled" }), switchboard(6, switchboard_on_mains),
  ];
  const summary = summary_of([site(1, "A"), site(2, "B", { is_active: false })], inputs, [], false);
  assert.deepEqual(summary, { sites: 1, gensets: 4, running: 2, power: 228, power_partial: true, alarms: 0, worst: null, offline: 1, stale: 1, has_stale: true });
});

test("counts and filters do not depend on the names of fields", () => {
  const inputs = [
    genset(1, { ...on_load, mode_manual: true }), genset(2, { ...standby, alarm_warning: true, mode_auto: true }), switchboard(3, switchboard_on_mains),
    genset(4, { ...standby, alarm_common: true }), genset(5, on_load, { quality: "offline" }),
  ];
  const others = inputs.map(renamed);
  assert.deepEqual(summary_of([], others, [], false), summary_of([], inputs, [], false));
  assert.deepEqual([summary_of([], others, [], false).running, summary_of([], others, [], false).power, summary_of([], others, [], false).alarms], [1, 114, 2]);
  for (const filter of ["running", "not_auto", "alarms", "deviating"] as const)
    assert.deepEqual(others.map((one) => device_matches(one, filter)), inputs.map((one) => device_matches(one, filter)), filter);
});

test("unknown power is null, not zero", () => {
  assert.equal(summary_of([], [genset(1, { power_total: null })], [], false).power, null);
  assert.equal(summary_of([], [genset(1, { power_total: 0 })], [], false).power, 0);
});

test("sites are sorted worst first, blackout before all and inactive last; or by code", () => {
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

test("each filter matches its devices", () => {
  const alarmed = genset(1, { ...standby, alarm_block: true });
  const never_read = genset(2, {}, { quality: "never" });
  const stale = genset(3, standby, { quality: "stale" });
  const healthy = genset(4, { ...standby, mode_auto: true });
  const matching = (filter: Parameters<typeof device_matches>[1]) => [alarmed, never_read, stale, healthy].filter((one) => device_matches(one, filter)).map((one) => one.device.id);
  assert.deepEqual(matching("alarms"), [1]);
  assert.deepEqual(matching("offline"), [2]);
  assert.deepEqual(matching("stale"), [3]);
  assert.deepEqual(matching("deviating"), [1, 2, 3]);
  assert.deepEqual(matching("all"), [1, 2, 3, 4]);
});

test("search finds sites and devices by name, code and address, ignoring case", () => {
  const inputs = [genset(1, standby, { name: "ДГУ-1", ip_address: "10.0.0.7" })];
  for (const text of ["дгу", " mkz ", "0.0.7", "site"]) assert.equal(site_matches(site(1, "MKZ"), inputs, undefined, "all", text), true, text);
  assert.equal(site_matches(site(1, "MKZ"), inputs, undefined, "all", "tms"), false);
  assert.equal(text_matches([null, undefined, "x"], ""), true);
});
