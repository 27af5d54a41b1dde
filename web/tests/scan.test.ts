import assert from "node:assert/strict";
import { test } from "node:test";
import { answers_to_all, found_units, picked, units_to_scan, type ScanResult } from "../src/lib/scan";
import type { Profile } from "../src/lib/types";
import { device } from "./builders";

const here = { ip_address: "192.168.97.10", port: "502" };
type Unit = ScanResult["units"][number];
const unit = (id: number, more: Partial<Unit> = {}): Unit => ({
  unit: id, protocol: "tcp", answers: "registers", error: null,
  profiles: [{ name: "hgm9520n", fits: "likely", why: "all 14 blocks answer" }, { name: "hgm9560", fits: "no", why: "refused" }], ...more,
});
const result = (...units: Unit[]): ScanResult => ({ address: "192.168.97.10:502", units, others: null, stopped: false, error: null });

test("the unit ids are the usual ones, and that of the form", () => {
  const usual = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
  for (const slave_id of ["1", "16", "", "x", "1.5", "256", "-1"]) assert.deepEqual(units_to_scan({ slave_id, protocol: "tcp" }), usual, slave_id);
  assert.deepEqual(units_to_scan({ slave_id: "40", protocol: "tcp" }), [40, ...usual.slice(0, 15)]);
  assert.deepEqual(units_to_scan({ slave_id: "0", protocol: "tcp" })[0], 0);
  for (const slave_id of ["0", "248"]) assert.deepEqual(units_to_scan({ slave_id, protocol: "rtu_over_tcp" }), usual, slave_id);
});

test("a unit has its best map, and how well it fits", () => {
  const [found] = found_units(result(unit(3)), here, []);
  assert.deepEqual(found, {
    unit: 3, protocol: "tcp", profile: "hgm9520n", fits: "scan_likely", why: "all 14 blocks answer", is_controller: true, registered: null,
  });
});

test("a map that does not fit is not offered, and its reason is shown", () => {
  const [unlikely] = found_units(result(unit(1, { profiles: [{ name: "dse", fits: "unlikely", why: "register 768 is 5, not 1" }] })), here, []);
  assert.deepEqual([unlikely!.profile, unlikely!.fits, unlikely!.why, unlikely!.is_controller], [null, "scan_unknown", "register 768 is 5, not 1", true]);
  const [possible] = found_units(result(unit(1, { profiles: [{ name: "dse", fits: "possible", why: "" }] })), here, []);
  assert.deepEqual([possible!.profile, possible!.fits], ["dse", "scan_possible"]);
});

test("a unit that refuses can be picked, one with noise cannot", () => {
  const [refusing] = found_units(result(unit(1, { answers: "exception", error: "refuses to read 0", profiles: [] })), here, []);
  assert.deepEqual([refusing!.profile, refusing!.fits, refusing!.why, refusing!.is_controller], [null, "scan_unknown", "refuses to read 0", true]);
  const [noise] = found_units(result(unit(1, { answers: "noise", error: "wrong CRC", profiles: [] })), here, []);
  assert.deepEqual([noise!.fits, noise!.why, noise!.is_controller], ["scan_noise", "wrong CRC", false]);
});

test("a unit that is a device already has its name", () => {
  const form = { ip_address: " PLC1 ", port: "502" };
  const registered = (more = {}) => found_units(result(unit(2)), form, [device(1, { name: "G", ip_address: "plc1", slave_id: 2, ...more })])[0]!.registered;
  assert.equal(registered(), "G");
  for (const other of [{ slave_id: 1 }, { port: 503 }, { ip_address: "plc2" }]) assert.equal(registered(other), null, JSON.stringify(other));
});

test("one controller under every unit id is recognised", () => {
  const all = (...units: Unit[]) => answers_to_all(found_units(result(...units), here, []), 2);
  assert.equal(all(unit(1), unit(2)), true);
  assert.equal(all(unit(1)), false);
  assert.equal(all(unit(1), unit(2, { protocol: "rtu_over_tcp" })), false);
  assert.equal(all(unit(1), unit(2, { answers: "noise" })), false);
  assert.equal(answers_to_all(found_units(result(unit(1)), here, []), 1), false);
});

test("a picked unit changes the unit id, the protocol and the model", () => {
  const profiles = new Map([["hgm9560", { name: "hgm9560", device_type: "ats", protocol: "rtu_over_tcp" } as Profile]]);
  const of = (name: string) => found_units(result(unit(7, { profiles: [{ name, fits: "likely", why: "" }] })), here, [])[0]!;
  assert.deepEqual(picked(of("hgm9560"), profiles), { slave_id: "7", protocol: "tcp", profile: "hgm9560", device_type: "ats" });
  assert.deepEqual(picked(of("unknown"), profiles), { slave_id: "7", protocol: "tcp" });
  assert.deepEqual(picked({ ...of("hgm9560"), profile: null }, profiles), { slave_id: "7", protocol: "tcp" });
});
