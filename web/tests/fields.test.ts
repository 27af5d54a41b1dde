import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { axis_of, code_text, format_field, groups_of, in_table_order, is_outside, limit_of, modes_of, role_text, tables, view_of } from "../src/lib/fields";
import { alarm_fields } from "../src/lib/health";
import type { Profile, ProfileField } from "../src/lib/types";
import { device, genset, profiles, renamed, roles } from "./builders";

const field = (name: string, more: Partial<ProfileField> = {}): ProfileField => ({
  name, label: { ru: name, en: name }, unit: "", decimals: 0, group: "", codes: null, role: null, type: "u16", ...more,
});
const types = { generator: "hgm9520n", ats: "hgm9560" } as const;
const role_kinds = new Map(roles.map((role) => [role.name, role.kind]));

for (const type of ["generator", "ats"] as const) {
  const profile = profiles.get(types[type])!;
  test(`the table of ${type} has roles of numbers only, and those of ${profile.name}`, () => {
    assert.deepEqual([...tables[type].keys()].filter((role) => role_kinds.get(role) !== "number"), []);
    const measured = profile.fields.flatMap((one) => (one.role && role_kinds.get(one.role) === "number" && one.role !== "alarm.count" ? [one.role] : []));
    assert.deepEqual([...tables[type].keys()].sort(), measured.sort());
  });
  test(`each field of ${profile.name} has at most its decimals, and its unit`, () => {
    for (const one of profile.fields) {
      const view = view_of(one, type, profile);
      assert.ok(view.decimals <= one.decimals, `${one.name}: ${view.decimals} of ${one.decimals}`);
      assert.equal(view.unit.en, one.unit, one.name);
    }
  });
  test(`the groups of ${profile.name} do not depend on the names of its fields`, () => {
    const other = renamed({ ...genset(1, {}), profile }).profile!;
    const shown = (one: Profile) => groups_of(one, type).map(({ group, heading, fields }) => [group, heading, fields.map(({ view }) => view)]);
    assert.deepEqual(shown(other), shown(profile));
    assert.deepEqual(groups_of(profile, type).filter(({ group }) => group === "other"), []);
  });
}

test("the roles that the page names exist", () => {
  const folder = join(process.env.GENSETD_SOURCE!, "web/src");
  const files = ["lib", "pages", "parts"].flatMap((name) => readdirSync(join(folder, name)).map((file) => join(folder, name, file)));
  const first_words = [...new Set(roles.map((role) => role.name.split(".")[0]))].join("|");
  const named = files.flatMap((file) => [...readFileSync(file, "utf8").matchAll(new RegExp(`"((?:${first_words})\\.[a-z_.]+)"`, "g"))].map((found) => found[1]!));
  assert.ok(new Set(named).size > 60);
  const phases = ["generator.current", "power.active"]; // with .a, .b, .c
  assert.deepEqual(named.filter((name) => !role_kinds.has(name) && !phases.includes(name)), []);
  assert.equal(alarm_fields(profiles.get("hgm9520n")).length, 4);
});

test("a field has the label and the unit of its profile, a short label by its role", () => {
  const power = view_of(field("x", { role: "power.active.total", unit: "kW", unit_label: { ru: "кВт", en: "kW" }, decimals: 0 }), "generator", undefined);
  assert.deepEqual([power.group, power.label.ru, power.unit.ru, power.decimals], ["power", "P", "кВт", 0]);
  const earth = view_of(field("x", { role: "generator.current.earth", unit: "A", decimals: 2 }), "generator", undefined);
  assert.deepEqual([earth.group, earth.label.ru, earth.decimals], ["currents", "x", 1]);
  assert.equal(role_text(profiles.values(), "engine.coolant.temperature", "generator", "ru"), "Темп. ОЖ, °C");
  assert.equal(role_text([], "engine.load", "generator", "en"), "Load");
});

test("a field without a role is beside its neighbour in the profile, or in the profile's own group", () => {
  const profile = profiles.get("hgm9560")!;
  const energies = groups_of(profile, "ats").find(({ group }) => group === "service")!.fields.map(({ name }) => name);
  assert.deepEqual(energies.slice(0, 2), ["accum_kwh", "accum_kvarh"]);
  const label = { ru: "Выхлоп", en: "Exhaust" };
  const fields = [field("gas", { group: "exhaust", unit: "°C", decimals: 1 }), field("soot", { group: "exhaust", type: "bit" }), field("last", { group: "counters" })];
  const more = { ...profile, groups: [...profile.groups, { name: "exhaust", label }], fields: [...profile.fields, ...fields] };
  const groups = groups_of(more, "ats");
  assert.deepEqual(groups.at(-1), { group: "other", heading: label, fields: fields.slice(0, 2).map((one) => ({ name: one.name, view: view_of(one, "ats", more) })) });
  assert.deepEqual(groups.find(({ group }) => group === "service")!.fields.map(({ name }) => name), ["accum_kwh", "accum_kvarh", "maint_hours", "last", "battery_v"]);
  assert.deepEqual(in_table_order(more, "ats").slice(-2).map((one) => one.name), ["gas", "soot"]);
});

test("no data, zero, bits and texts are formatted", () => {
  const view = view_of(field("x", { role: "generator.current.earth", decimals: 1 }), "generator", undefined);
  assert.equal(format_field(null, view, "ru"), "—");
  assert.equal(format_field(0, view, "ru"), "0,0");
  assert.equal(format_field(false, view, "ru"), "нет");
  assert.equal(format_field("", view, "ru"), "—");
});

test("modes are none, one, or several contradictory ones", () => {
  assert.deepEqual(modes_of(genset(1, { mode_auto: true })), ["auto"]);
  assert.deepEqual(modes_of(genset(1, { mode_auto: true, mode_test: true })), ["auto", "test"]);
  assert.deepEqual(modes_of(genset(1, { mode_auto: null })), []);
  assert.deepEqual(modes_of({ ...genset(1, {}), reading: null }), []);
  assert.deepEqual(modes_of({ ...genset(1, { mode_auto: true }), profile: undefined }), []);
});

test("a mode can be a code", () => {
  const codes = [{ value: 2, key: "a", label: { ru: "А", en: "A" }, means: "manual" }, { value: 3, key: "b", label: { ru: "Б", en: "B" }, means: null }];
  const coded = { fields: [field("selector", { role: "mode", codes: "modes" })], code_tables: [{ name: "modes", codes }] } as unknown as Profile;
  assert.deepEqual([2, 3, 4, null].map((selector) => modes_of({ profile: coded, reading: genset(1, { selector }).reading })), [["manual"], [], [], []]);
});

test("a code without a label is shown by its number, no data is null", () => {
  const status = field("status", { codes: "states" });
  const codes = [{ value: 9, key: "running", label: { ru: "Работа", en: "Running" }, means: "running" }];
  const profile = { fields: [status], code_tables: [{ name: "states", codes }] } as unknown as Profile;
  assert.equal(code_text(profile, status, 9, "ru"), "Работа");
  assert.equal(code_text(profile, status, 17, "ru"), "код 17");
  assert.equal(code_text(profile, status, 17, "en"), "code 17");
  assert.equal(code_text(profile, status, null, "ru"), null);
  assert.equal(code_text(undefined, undefined, 9, "en"), "code 9");
});

test("only configured limits count", () => {
  const limited = device(1, { limits: { coolant_temp: { low: 70, high: 95 }, fuel_level: { low: 10 } } });
  assert.deepEqual([69, 70, 95, 96].map((value) => is_outside(value, limit_of("coolant_temp", limited))), [true, false, false, true]);
  assert.equal(is_outside(1000, limit_of("fuel_level", limited)), false);
  assert.equal(is_outside(null, limit_of("coolant_temp", limited)), false);
  assert.equal(is_outside(1, limit_of("oil_pressure", limited)), false);
});

test("bars follow the nominal values of the device", () => {
  const volts = { role: "generator.voltage.ab", axis: tables.generator.get("generator.voltage.ab")!.axis! };
  assert.deepEqual(axis_of(volts, device(1)), [0, 500]);
  assert.deepEqual(axis_of(volts, device(1, { nominal_voltage: 6300 })), [0, 7875]);
  const battery = { role: "battery.voltage", axis: tables.ats.get("battery.voltage")!.axis! };
  assert.deepEqual(axis_of(battery, device(1, { battery_voltage: 12 })), [8, 16]);
  assert.equal(axis_of({ role: "battery.voltage", axis: null }, device(1)), null);
});
