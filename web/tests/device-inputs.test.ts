import assert from "node:assert/strict";
import { test } from "node:test";
import { body_of, changes_of, form_of } from "../src/lib/device-form";
import { inputs_of_map, inputs_of_rows, is_incomplete, rows_of } from "../src/lib/device-inputs";
import type { AlarmPoint, Inputs } from "../src/lib/types";
import { device } from "./builders";

const point = (code: string, input: number | null): AlarmPoint => ({
  code, class: "warning", table: "holding", address: 6, mask: 1, value: null, help: null, confirmed: true, label: { en: code, ru: code }, input,
});
const tank = { en: "Oil tank empty", ru: "Масляный бак пуст", kind: "alarm" as const };
const door = { en: "Door open", ru: "Дверь открыта", kind: "status" as const };

test("the inputs of a map are those of its alarm points, each once, by number", () => {
  const points = [point("shutdown.input_10", 10), point("shutdown.input_2", 2), point("warning.input_2", 2), point("shutdown.overspeed", null)];
  assert.deepEqual(inputs_of_map(points), [
    { number: 2, label: { en: "shutdown.input_2", ru: "shutdown.input_2" } },
    { number: 10, label: { en: "shutdown.input_10", ru: "shutdown.input_10" } },
  ]);
  assert.deepEqual(inputs_of_map(undefined), []);
});

test("rows have all inputs of the map and all entries; a missing kind is an alarm", () => {
  const inputs: Inputs = { 2: { en: tank.en, ru: tank.ru }, 31: door };
  assert.deepEqual(rows_of(inputs, [1, 2]), { 1: { en: "", ru: "", kind: "alarm" }, 2: tank, 31: door });
});

test("rows without labels are no entries, and none at all are null", () => {
  assert.deepEqual(inputs_of_rows({ 1: { en: " ", ru: "", kind: "spare" }, 2: { ...tank, en: " Oil tank empty " } }), { 2: tank });
  assert.equal(inputs_of_rows({ 1: { en: "", ru: "", kind: "alarm" } }), null);
  assert.equal(inputs_of_rows({}), null);
  assert.deepEqual(inputs_of_rows({ 1: { en: "x", ru: "", kind: "alarm" } }), { 1: { en: "x", ru: "", kind: "alarm" } }, "the server refuses it");
  assert.deepEqual([is_incomplete(tank), is_incomplete({ ...tank, ru: " " }), is_incomplete({ ...tank, en: "", ru: "" })], [false, true, false]);
});

test("an edit sends the inputs only if they change, and keeps those that the map does not have", () => {
  const known = device(1, { rated_power_kw: null, nominal_voltage: null, battery_voltage: null, inputs: { 2: { kind: "alarm", ru: tank.ru, en: tank.en }, 31: door } });
  const form = form_of(known, null, new Map());
  assert.deepEqual(changes_of(known, body_of(form, true)), {});
  form.inputs = { ...form.inputs, ...rows_of(null, [1]) };
  assert.deepEqual(changes_of(known, body_of(form, true)), {}, "an empty row is no change");
  form.inputs[2] = { en: "", ru: "", kind: "alarm" };
  assert.deepEqual(changes_of(known, body_of(form, true)), { inputs: { 31: door } });
  form.inputs[31] = { en: "", ru: "", kind: "status" };
  assert.deepEqual(changes_of(known, body_of(form, true)), { inputs: null });
  assert.deepEqual(changes_of(device(2), body_of(form_of(device(2), null, new Map()), true)), {});
});
