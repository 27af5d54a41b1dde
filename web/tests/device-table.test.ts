import assert from "node:assert/strict";
import { test } from "node:test";
import { column_value, has_column, order_devices, type Column, type Sort } from "../src/lib/device-table";
import type { Input } from "../src/lib/topology";
import { genset, on_load, standby, switchboard, switchboard_on_mains } from "./builders";

const columns: Column[] = [{ role: "power.active.total", ats: "mains.power.active.total" }, { role: "fuel.level" }];
const codes = new Map([[1, "A10"], [2, "A2"], [3, "B"]]);
const site_code = ({ device }: Input): string => codes.get(device.site_id) ?? "";
const order = (inputs: Input[], by: string, down = false): number[] => order_devices(inputs, { by, down } satisfies Sort, columns, site_code).map((one) => one.device.id);

test("devices are sorted by site code, within a site by id; downwards it is the reverse", () => {
  const inputs = [genset(4, {}, { site_id: 3 }), genset(3, {}, { site_id: 1 }), genset(2, {}, { site_id: 2 }), genset(1, {}, { site_id: 1 })];
  assert.deepEqual(order(inputs, "site"), [2, 1, 3, 4], "A2 before A10");
  assert.deepEqual(order(inputs, "site", true), [4, 3, 1, 2]);
  assert.deepEqual(inputs.map((one) => one.device.id), [4, 3, 2, 1], "the argument is not changed");
});

test("devices are sorted by name with numbers as numbers; equal names keep their order in both directions", () => {
  const inputs = [genset(1, {}, { name: "ДГУ 10" }), genset(2, {}, { name: "ДГУ 2" }), genset(3, {}, { name: "АВР" }), genset(4, {}, { name: "ДГУ 2" })];
  assert.deepEqual(order(inputs, "device"), [3, 2, 4, 1]);
  assert.deepEqual(order(inputs, "device", true), [1, 2, 4, 3]);
});

test("the worst state comes first, a device that is not polled before a healthy one", () => {
  const inputs = [
    genset(1, standby), genset(2, {}, { quality: "disabled" }), genset(3, standby, { quality: "stale" }), genset(4, standby, { quality: "offline" }),
    genset(5, { alarm_warning: true }), genset(6, { alarm_shutdown: true }), genset(7, on_load),
  ];
  assert.deepEqual(order(inputs, "state"), [6, 5, 4, 3, 2, 1, 7]);
  assert.deepEqual(order(inputs, "state", true), [1, 7, 2, 3, 4, 5, 6]);
});

test("a column is sorted by its number; a switchboard by its corresponding role", () => {
  const inputs = [genset(1, on_load), switchboard(2, switchboard_on_mains), genset(3, { power_total: -5 }), genset(4, { power_total: 0 })];
  assert.deepEqual(order(inputs, "power.active.total"), [3, 4, 1, 2]);
  assert.deepEqual(order(inputs, "power.active.total", true), [2, 1, 4, 3]);
});

test("devices without a number come last in both directions, in their order", () => {
  const inputs = [
    genset(1, { fuel_level: null }), genset(2, { fuel_level: 40 }, { quality: "offline" }), switchboard(3, { fuel_level: 99 }), genset(4, {}),
    genset(5, { fuel_level: 70 }), genset(6, { fuel_level: 0 }), genset(7, { fuel_level: 50 }, { quality: "stale" }),
  ];
  assert.deepEqual(order(inputs, "fuel.level"), [6, 7, 5, 1, 2, 3, 4]);
  assert.deepEqual(order(inputs, "fuel.level", true), [5, 7, 6, 1, 2, 3, 4]);
});

test("an unknown column keeps the order", () => {
  assert.deepEqual(order([genset(2, { load_pct: 1 }), genset(1, { load_pct: 0 })], "load_pct"), [2, 1]);
});

test("a value of a device that does not respond is not shown, nor a genset's role of a switchboard", () => {
  const [power, fuel] = [columns[0]!, columns[1]!];
  assert.equal(column_value(genset(1, on_load), power), 114);
  assert.equal(column_value(genset(1, on_load, { quality: "offline" }), power), null);
  assert.equal(column_value(switchboard(1, switchboard_on_mains), power), 375);
  assert.equal(column_value(switchboard(1, { fuel_level: 99 }), fuel), undefined);
  assert.deepEqual([has_column(genset(1, {}), fuel), has_column(switchboard(1, {}), fuel), has_column(switchboard(1, {}), power)], [true, false, true]);
});
