import assert from "node:assert/strict";
import { test } from "node:test";
import { fold, state_of, to_acknowledge } from "../src/lib/folding";
import { summary_of } from "../src/lib/fleet";
import type { EventState, PlantEvent, Priority } from "../src/lib/types";
import { at, genset } from "./builders";

let id = 0;
function alarm(code: string, args: Record<string, unknown> = {}, more: Partial<PlantEvent> = {}): PlantEvent {
  return {
    id: (id += 1), device_id: 1, site_id: 1, site_code: "MKZ", kind: "alarm", priority: 1, code, args, state: "active", onset: at(0), onset_at_latest: false,
    returned_at: null, acknowledged_at: null, acknowledged_by: null, ...more,
  };
}
const shutdown = (more: Partial<PlantEvent> = {}) => alarm("alarm_shutdown", {}, more);
const point = (more: Partial<PlantEvent> = {}, args: Record<string, unknown> = {}) =>
  alarm("alarm:shutdown.low_oil_pressure", { class: "shutdown", confirmed: false, ...args }, more);
const shown = (alarms: PlantEvent[]) => fold(alarms).map((entry) => [entry.alarm.code, ...entry.causes.map((cause) => cause.code)].join(" < "));

test("an unconfirmed name is folded below the alarm of its class, whichever comes first", () => {
  const folded = ["alarm_shutdown < alarm:shutdown.low_oil_pressure"];
  assert.deepEqual(shown([shutdown(), point()]), folded);
  assert.deepEqual(shown([point(), shutdown()]), folded);
});

test("all names of a class are below one alarm, in the order of the list", () => {
  const names = ["a", "b", "c"].map((name) => alarm(`alarm:shutdown.${name}`, { class: "shutdown", confirmed: false }));
  assert.deepEqual(shown([names[0]!, shutdown(), names[1]!, names[2]!]), ["alarm_shutdown < alarm:shutdown.a < alarm:shutdown.b < alarm:shutdown.c"]);
});

test("a name without the alarm of its class is an entry of its own", () => {
  assert.deepEqual(shown([point()]), ["alarm:shutdown.low_oil_pressure"]);
  assert.deepEqual(shown([alarm("alarm_warning", {}, { priority: 3 }), point()]), ["alarm_warning", "alarm:shutdown.low_oil_pressure"]);
  assert.deepEqual(shown([shutdown({ device_id: 2 }), point()]), ["alarm_shutdown", "alarm:shutdown.low_oil_pressure"]);
});

test("a confirmed name is an entry of its own", () => {
  assert.equal(fold([shutdown(), point({}, { confirmed: true })]).length, 2);
  assert.equal(fold([shutdown(), point({}, { confirmed: undefined })]).length, 2);
});

test("only alarms that stand are folded", () => {
  const states: EventState[] = ["active", "acknowledged", "returned"];
  for (const head of states) {
    for (const cause of states) {
      const expected = head === "returned" || cause === "returned" ? 2 : 1;
      assert.equal(fold([shutdown({ state: head }), point({ state: cause })]).length, expected, `${head}, ${cause}`);
    }
  }
});

test("a name that is more severe than the alarm of its class is an entry of its own", () => {
  const warning = alarm("alarm_warning", {}, { priority: 3 });
  const named = (priority: Priority) => alarm("alarm:warning.gas_leak", { class: "warning", confirmed: false }, { priority });
  assert.equal(fold([warning, named(1)]).length, 2);
  assert.equal(fold([warning, named(3)]).length, 1);
});

test("an unclassified alarm has no names below it", () => {
  assert.equal(fold([alarm("alarm_unclassified", {}, { priority: 3 }), point()]).length, 2);
});

test("an entry is active until each of its alarms is acknowledged, the class first", () => {
  const entry_of = (head: EventState, cause: EventState) => fold([shutdown({ state: head }), point({ state: cause })])[0]!;
  assert.equal(state_of(entry_of("acknowledged", "active")), "active");
  assert.equal(state_of(entry_of("active", "acknowledged")), "active");
  assert.equal(state_of(entry_of("acknowledged", "acknowledged")), "acknowledged");
  assert.equal(to_acknowledge(entry_of("active", "active"))?.code, "alarm_shutdown");
  assert.equal(to_acknowledge(entry_of("acknowledged", "active"))?.code, "alarm:shutdown.low_oil_pressure");
  assert.equal(to_acknowledge(entry_of("acknowledged", "acknowledged")), undefined);
  assert.equal(to_acknowledge(fold([shutdown({ state: "returned" })])[0]!)?.state, "returned");
});

test("the fleet page counts entries, as the list shows them", () => {
  const count = (alarms: PlantEvent[]) => summary_of([], [genset(1, {})], alarms, true).alarms;
  assert.equal(count([shutdown(), point()]), 1);
  assert.equal(count([point()]), 1);
  assert.equal(count([shutdown(), point({}, { confirmed: true })]), 2);
});
