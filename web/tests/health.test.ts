import assert from "node:assert/strict";
import { test } from "node:test";
import { alarm_fields, alarms_of, health_of, is_unacknowledged, sort_alarms, with_event, worst_of } from "../src/lib/health";
import type { Quality } from "../src/lib/quality";
import type { PlantEvent, Priority } from "../src/lib/types";
import { at, genset, profiles } from "./builders";

// A genset with each class of alarms, also those that the built-in profiles do not have.
const bit = profiles.get("hgm9520n")!.fields[0]!;
const more = ["trip_stop", "trip", "safety_trip_stop", "safety_trip", "mains_trip"].map((name) => ({ ...bit, name: `alarm_${name}`, role: `alarm.class.${name}` }));
const all_classes = { ...profiles.get("hgm9520n")!, fields: [...profiles.get("hgm9520n")!.fields, ...more] };

const codes = (fields: object, quality: Quality = "live") =>
  alarms_of({ ...genset(1, { ...fields }, { quality }), profile: all_classes }).map((alarm) => `${alarm.priority} ${alarm.code}`);

test("each alarm class has its priority, the highest first", () => {
  assert.deepEqual(codes({ alarm_warning: true, alarm_block: true, alarm_shutdown: true, alarm_trip_stop: true }), [
    "1 alarm_shutdown", "1 alarm_trip_stop", "2 alarm_block", "3 alarm_warning",
  ]);
});

test("trips are as severe as a shutdown, but the trip of the mains", () => {
  assert.deepEqual(codes({ alarm_mains_trip: true, alarm_safety_trip: true, alarm_trip: true, alarm_safety_trip_stop: true, alarm_common: true }), [
    "1 alarm_trip", "1 alarm_safety_trip_stop", "1 alarm_safety_trip", "2 alarm_mains_trip",
  ]);
  assert.deepEqual(alarm_fields(all_classes).length, 9);
  assert.deepEqual(alarm_fields(undefined), []);
});

test("alarm_common is an alarm only if no other alarm bit is set", () => {
  assert.deepEqual(codes({ alarm_common: true, alarm_warning: true }), ["3 alarm_warning"]);
  assert.deepEqual(codes({ alarm_common: true }), ["3 alarm_unclassified"]);
});

test("no data is no alarm", () => assert.deepEqual(codes({ alarm_shutdown: null, alarm_common: null }), []));

test("a device that does not respond has one alarm, whatever its last alarm bits", () => {
  assert.deepEqual(codes({ alarm_shutdown: true }, "offline"), ["4 device_offline"]);
  assert.deepEqual(codes({ alarm_shutdown: true }, "never"), ["4 device_offline"]);
  assert.deepEqual(codes({ alarm_shutdown: true }, "disabled"), []);
});

test("an alarm of a stale reading stays", () => {
  assert.equal(health_of(genset(1, { alarm_block: true }, { quality: "stale" })), 2);
  assert.equal(health_of(genset(1, {}, { quality: "stale" })), "stale");
  assert.equal(health_of(genset(1, {})), "good");
  assert.equal(health_of({ ...genset(1, {}, { quality: "waiting" }), reading: null }), "none");
});

test("the health of a site is that of its worst device", () => {
  assert.equal(worst_of(["good", "stale", 3, 1, 4]), 1);
  assert.equal(worst_of(["good", "stale", 4]), 4);
  assert.equal(worst_of(["good", "none"]), "none");
  assert.equal(worst_of([]), "good");
});

const alarm = (id: number, priority: Priority | null, state: PlantEvent["state"] = "active", after_ms = 0): PlantEvent => ({
  id, device_id: 1, site_id: 1, site_code: "MKZ", kind: "alarm", priority, code: "alarm_shutdown", args: {}, state, onset: at(after_ms), onset_at_latest: false,
  returned_at: null, acknowledged_at: null, acknowledged_by: null,
});

test("alarms are sorted by priority, then newest first", () => {
  assert.deepEqual(sort_alarms([alarm(1, 3), alarm(2, 1, "active", 0), alarm(3, 1, "active", 1000)]).map((one) => one.id), [3, 2, 1]);
});

test("an event changes, closes or adds an alarm; an event without priority changes nothing", () => {
  const list = [alarm(1, 1), alarm(2, 3)];
  assert.deepEqual(with_event(list, alarm(2, 3, "acknowledged")).map((one) => one.state), ["active", "acknowledged"]);
  assert.deepEqual(with_event(list, alarm(1, 1, "closed")).map((one) => one.id), [2]);
  assert.deepEqual(with_event(list, alarm(3, 2)).map((one) => one.id), [1, 3, 2]);
  assert.equal(with_event(list, alarm(4, null, "closed")), list);
});

test("active and returned alarms are unacknowledged", () => {
  assert.deepEqual((["active", "acknowledged", "returned", "closed"] as const).filter((state) => is_unacknowledged(alarm(1, 1, state))), ["active", "returned"]);
});
