import assert from "node:assert/strict";
import { test } from "node:test";
import { binary, bits_of, decoded_text, hex, is_set, not_read, rows_of, signed, within } from "../src/lib/register-table";
import type { AlarmPoint, Profile, ProfileField, RegisterRun } from "../src/lib/types";
import { profiles } from "./builders";

const text = (name: string) => ({ en: name, ru: name });
const field = (name: string, type: string, address: number, more: Partial<ProfileField> = {}): ProfileField => ({
  name, label: text(name), unit: "", unit_label: null, signed: false, decimals: 0, group: "", codes: null, role: null, type, table: "holding", address, ...more,
});
const point = (code: string, address: number, mask: number, more: Partial<AlarmPoint> = {}): AlarmPoint => ({
  code, class: "shutdown", table: "holding", address, mask, value: null, label: text(code), help: null, confirmed: false, ...more,
});
const block = (name: string, address: number, count: number, more = {}) => ({ name, table: "holding" as const, address, count, ...more });
const profile = (fields: ProfileField[], alarm_points: AlarmPoint[] = [], blocks: Profile["blocks"] = []): Profile => ({
  ...profiles.get("hgm9520n")!, fields, alarm_points, blocks,
});
// "120 121: uab" for each span
const layout = (runs: RegisterRun[], map: Profile | undefined) =>
  rows_of(runs, map).flatMap(({ spans }) => spans.map((span) => `${span.registers.map((one) => one.address).join(" ")}: ${span.fields.map((one) => one.field.name).join(" ")}`));

test("a field of two registers spans both; a register without a field is alone", () => {
  const map = profile([field("long", "u32", 121), field("short", "u16", 124)]);
  assert.deepEqual(layout([{ address: 120, values: [1, 2, 3, 4, 5] }], map), ["120: ", "121 122: long", "123: ", "124: short"]);
});

test("each type has its number of registers", () => {
  const types: [string, number, number?][] = [
    ["u16", 1], ["i16", 1], ["bit", 1], ["u32", 2], ["i32", 2], ["f32", 2], ["u64", 4], ["i64", 4], ["f64", 4], ["text", 5, 5], ["bitfield", 2, 2], ["enum", 1, 1], ["bcd", 2, 2],
  ];
  for (const [type, expected, registers] of types) {
    const more = registers === undefined ? {} : { registers };
    const [run] = rows_of([{ address: 10, values: Array(8).fill(0) }], profile([field("one", type, 10, more)]));
    assert.equal(run!.spans[0]!.registers.length, expected, type);
  }
});

test("fields that share registers are in one span", () => {
  const map = profile([field("bit_9", "bit", 11, { bit: 9 }), field("long", "u32", 10), field("bit_2", "bit", 11, { bit: 2 }), field("next", "u32", 11)]);
  assert.deepEqual(layout([{ address: 10, values: [1, 2, 3] }], map), ["10 11 12: long next bit_2 bit_9"]);
});

test("a field that the range cuts is marked", () => {
  const map = profile([field("before", "u32", 9), field("whole", "u32", 11), field("after", "u64", 13)]);
  const [run] = rows_of([{ address: 10, values: [1, 2, 3, 4] }], map);
  assert.deepEqual(run!.spans.map((span) => span.fields.map(({ field: { name }, is_whole, last }) => [name, is_whole, last])), [
    [["before", false, 10]], [["whole", true, 12]], [["after", false, 16]],
  ]);
  assert.deepEqual(run!.spans.map((span) => span.registers.length), [1, 2, 1]);
});

test("tables with equal addresses are kept apart", () => {
  const map = profile([field("register", "u16", 5), field("input", "u16", 5, { table: "input" }), field("coil", "bit", 5, { table: "coils" })]);
  const others: RegisterRun[] = (["input", "coils", "discrete"] as const).map((table) => ({ table, address: 5, values: [1] }));
  const runs: RegisterRun[] = [{ address: 5, values: [7] }, ...others];
  assert.deepEqual(rows_of(runs, map).map(({ table }) => table), ["holding", "input", "coils", "discrete"]);
  assert.deepEqual(layout(runs, map), ["5: register", "5: input", "5: coil", "5: "]);
});

test("alarm points that are set are in their register, the others are counted", () => {
  const map = profile([], [point("a", 3, 1 << 13), point("b", 3, 1), point("c", 4, 1), point("d", 3, 1 << 13, { table: "input" })]);
  const [run] = rows_of([{ address: 3, values: [1 << 13, 0] }], map);
  const [third, fourth] = run!.spans.map((span) => span.registers[0]!);
  assert.deepEqual([third!.points.map((one) => one.code), third!.points_off.map((one) => one.code)], [["a"], ["b"]]);
  assert.deepEqual([fourth!.points.length, fourth!.points_off.length], [0, 1]);
});

test("a point with a value is set by this value only, for all values of its bits", () => {
  const shutdown = point("a", 1, 0x00f0, { value: 3 });
  const any = point("a", 1, 0x00f0);
  for (let raw = 0; raw <= 0xffff; raw += 1) {
    const bits = Math.floor(raw / 16) % 16;
    assert.equal(is_set(shutdown, raw), bits === 3);
    assert.equal(is_set(any, raw), bits > 0);
  }
  assert.equal(is_set(point("a", 1, 0x8000), 0x8000), true);
  assert.equal(is_set(point("a", 1, 0xf000, { value: 8 }), 0x8123), true);
});

test("bits that are set without a name are listed only in registers of named bits", () => {
  const fields = [field("auto", "bit", 1, { bit: 9 }), field("number", "u16", 2), field("low", "bit", 3, { bit: 0 }), field("whole", "u16", 3)];
  const map = profile(fields, [point("a", 1, 0b11), point("b", 4, 1 << 15)]);
  const [run] = rows_of([{ address: 1, values: [0b1000_0010_0000_0101, 0xffff, 0xffff, 0xffff] }], map);
  const registers = run!.spans.flatMap((span) => span.registers);
  assert.deepEqual(registers.map((one) => one.unnamed), [[2, 15], [], [], [...Array(15).keys()]]);
  assert.deepEqual(registers.map((one) => one.has_bits), [true, false, true, true]);
});

test("a coil has no bits", () => {
  const map = profile([field("coil", "bit", 1, { table: "coils" })], [point("a", 2, 1, { table: "coils" })]);
  const [run] = rows_of([{ table: "coils", address: 1, values: [1, 1, 1] }], map);
  const registers = run!.spans.flatMap((span) => span.registers);
  assert.deepEqual(registers.map((one) => [one.points.length, one.has_bits, one.unnamed.length]), [[0, false, 0], [1, false, 0], [0, false, 0]]);
});

test("a block is cut out of the registers of a read", () => {
  const runs: RegisterRun[] = [{ address: 0, values: [1] }, { address: 100, values: [10, 11, 12, 13] }, { table: "input", address: 101, values: [99, 98] }];
  assert.deepEqual(within(runs, block("b", 101, 2)), [{ address: 101, values: [11, 12] }]);
  assert.deepEqual(within(runs, block("b", 102, 10)), [{ address: 102, values: [12, 13] }]);
  assert.deepEqual(within(runs, block("b", 104, 4)), []);
  assert.deepEqual(within(runs, block("b", 101, 1, { table: "input" })), [{ table: "input", address: 101, values: [99] }]);
});

test("blocks that were not read are listed, and a run names its blocks", () => {
  const blocks = [block("one", 0, 2), block("two", 2, 2), block("when", 8, 4, { when: ["a"] }), block("input", 0, 2, { table: "input" as const })];
  const runs: RegisterRun[] = [{ address: 0, values: [1, 2, 3, 4, 5] }];
  assert.deepEqual(not_read(blocks, runs).map((one) => one.name), ["when", "input"]);
  assert.deepEqual(rows_of(runs, profile([], [], blocks))[0]!.blocks, ["one", "two"]);
});

test("every field of the built-in maps has a place in the read of its blocks", () => {
  for (const map of profiles.values()) {
    const runs = map.blocks.map((one) => ({ table: one.table, address: one.address, values: Array(one.count).fill(0) as number[] }));
    const placed = rows_of(runs, map).flatMap(({ spans }) => spans.flatMap((span) => span.fields));
    assert.deepEqual(placed.map(({ field: { name } }) => name).sort(), map.fields.map((one) => one.name).sort(), map.name);
    assert.ok(placed.every(({ is_whole }) => is_whole));
  }
});

test("registers are shown without a map", () => assert.deepEqual(layout([{ address: 7, values: [1, 2] }], undefined), ["7: ", "8: "]));

test("values have the map's decimals and unit; no data is a dash, zero is not", () => {
  const map = { ...profile([]), code_tables: [{ name: "states", codes: [{ value: 9, key: "running", label: { en: "Running", ru: "Работа" }, means: null }] }] };
  const volts = field("v", "u16", 1, { decimals: 1, unit: "V", unit_label: { en: "V", ru: "В" } });
  assert.equal(decoded_text(map, volts, 398.5, "ru"), "398,5\u00a0В");
  assert.equal(decoded_text(map, volts, 0, "en"), "0.0\u00a0V");
  assert.equal(decoded_text(map, volts, null, "en"), "—");
  assert.equal(decoded_text(map, field("q", "i16", 1, { decimals: 1, signed: true, unit: "furlong" }), 2.5, "en"), "+2.5\u00a0furlong");
  assert.equal(decoded_text(map, field("b", "bit", 1), true, "ru"), "да");
  assert.equal(decoded_text(map, field("b", "bit", 1), false, "en"), "no");
  assert.equal(decoded_text(map, field("s", "enum", 1, { codes: "states" }), 9, "ru"), "Работа");
  assert.equal(decoded_text(map, field("s", "enum", 1, { codes: "states" }), 17, "en"), "code 17");
  assert.equal(decoded_text(map, field("s", "enum", 1, { codes: "states" }), null, "en"), "—");
  assert.equal(decoded_text(map, field("t", "text", 1), "AGC 150", "en"), "AGC 150");
  assert.equal(decoded_text(map, field("t", "text", 1), "", "en"), "—");
});

test("a value that the browser's numbers cannot hold exactly is marked", () => {
  const energy = field("e", "u64", 1, { decimals: 1 });
  assert.equal(decoded_text(undefined, energy, 900_719_925_474_099.1, "en"), "900,719,925,474,099.1");
  assert.match(decoded_text(undefined, energy, 900_719_925_474_100.1, "en"), /^≈/);
});

test("raw registers in hexadecimal, with sign and as bits", () => {
  assert.deepEqual([hex(0), hex(0x0f91), hex(65535)], ["0000", "0F91", "FFFF"]);
  assert.deepEqual([signed(32767), signed(32768), signed(65535)], [32767, -32768, -1]);
  assert.deepEqual(binary(0x0204), ["0000 0010", "0000 0100"]);
  assert.deepEqual([bits_of(1), bits_of(0x2000), bits_of(0x8000), bits_of(0x00f0), bits_of(0xffff)], ["0", "13", "15", "4…7", "0…15"]);
});
