import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { axis_of, code_text, format_field, in_table_order, is_outside, limit_of, modes_of, state_fields, tables, view_of } from "../src/lib/fields";
import type { Profile, ProfileField } from "../src/lib/types";
import { device, reading } from "./builders";

const field = (name: string, more: Partial<ProfileField> = {}): ProfileField => ({ name, label: { ru: name, en: name }, unit: "", decimals: 0, group: "", codes: null, ...more });

for (const [type, profile] of [["generator", "hgm9520n"], ["ats", "hgm9560"]] as const) {
  const text = readFileSync(join(process.env.GENSETD_SOURCE!, "profiles", `${profile}.toml`), "utf8");
  const fields = [...text.matchAll(/\{ name = "(\w+)",\s+address =.*?type = "(\w+)"(.*)/g)].map(([, name, kind, rest]) => ({
    name: name!,
    kind,
    decimals: Number(/decimals = (\d)/.exec(rest!)?.[1] ?? 0),
    unit: /unit = "([^"]*)"/.exec(rest!)?.[1] ?? "",
  }));

  test(`the table of ${profile} contains exactly its fields`, () => {
    assert.deepEqual([...tables[type].keys(), ...state_fields[type]].sort(), fields.map((one) => one.name).sort());
  });
  test(`the table of ${profile} has at most its decimals, and its units`, () => {
    for (const { name, decimals, unit } of fields) {
      const view = tables[type].get(name);
      if (!view) continue;
      assert.ok(view.decimals <= decimals, `${name}: ${view.decimals} of ${decimals}`);
      assert.equal(view.unit.en, unit, name);
    }
  });
}

test("a custom profile can change units and decimals, and add fields", () => {
  const energy = view_of(field("energy_kwh", { unit: "MWh", unit_label: { ru: "МВт·ч", en: "MWh" }, decimals: 1 }), "generator");
  assert.deepEqual([energy.unit.ru, energy.decimals, energy.group], ["МВт·ч", 0, "counters"]);
  const more = view_of(field("exhaust_temp", { unit: "°C", decimals: 1 }), "generator");
  assert.deepEqual([more.group, more.label.ru, more.unit.ru, more.decimals], ["other", "exhaust_temp", "°C", 1]);
  assert.deepEqual(in_table_order([field("exhaust_temp"), field("gen_uab"), field("power_total")], "generator").map((one) => one.name), ["power_total", "gen_uab", "exhaust_temp"]);
});

test("no data, zero, bits and texts are formatted", () => {
  const view = tables.generator.get("current_earth")!;
  assert.equal(format_field(null, view, "ru"), "—");
  assert.equal(format_field(0, view, "ru"), "0,0");
  assert.equal(format_field(false, view, "ru"), "нет");
  assert.equal(format_field("", view, "ru"), "—");
});

test("modes are none, one, or several contradictory ones", () => {
  assert.deepEqual(modes_of(reading(1, { mode_auto: true })), ["auto"]);
  assert.deepEqual(modes_of(reading(1, { mode_auto: true, mode_test: true })), ["auto", "test"]);
  assert.deepEqual(modes_of(reading(1, { mode_auto: null })), []);
  assert.deepEqual(modes_of(null), []);
});

const profile = {
  fields: [field("gen_status", { codes: "status" }), field("mode")],
  code_tables: [{ name: "status", codes: [{ value: 9, key: "running", label: { ru: "Работа", en: "Running" } }] }],
} as unknown as Profile;

test("a code without a label is shown by its number, no data is null", () => {
  assert.equal(code_text(profile, "gen_status", 9, "ru"), "Работа");
  assert.equal(code_text(profile, "gen_status", 17, "ru"), "код 17");
  assert.equal(code_text(profile, "gen_status", 17, "en"), "code 17");
  assert.equal(code_text(profile, "gen_status", null, "ru"), null);
  assert.equal(code_text(undefined, "gen_status", 9, "en"), "code 9");
});

test("only configured limits count", () => {
  const limited = device(1, { limits: { coolant_temp: { low: 70, high: 95 }, fuel_level: { low: 10 } } });
  assert.deepEqual([69, 70, 95, 96].map((value) => is_outside(value, limit_of("coolant_temp", limited))), [true, false, false, true]);
  assert.equal(is_outside(1000, limit_of("fuel_level", limited)), false);
  assert.equal(is_outside(null, limit_of("coolant_temp", limited)), false);
  assert.equal(is_outside(1, limit_of("oil_pressure", limited)), false);
});

test("bars follow the nominal values of the device", () => {
  const view = tables.generator.get("gen_uab")!;
  assert.deepEqual(axis_of("gen_uab", view, device(1)), [0, 500]);
  assert.deepEqual(axis_of("gen_uab", view, device(1, { nominal_voltage: 6300 })), [0, 7875]);
  assert.deepEqual(axis_of("battery_volt", tables.generator.get("battery_volt")!, device(1, { battery_voltage: 12 })), [8, 16]);
});
