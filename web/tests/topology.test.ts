import assert from "node:assert/strict";
import { test } from "node:test";
import { wide_layout } from "../src/lib/sld";
import { and, blocks_of, direction, not, or, site_model, type BlockModel, type Input, type Truth } from "../src/lib/topology";
import { switchboard_on_mains, switchboard_on_gensets, on_load, device, genset, renamed, running_open, standby, switchboard } from "./builders";

const all: Truth[] = [true, false, "unknown"];
const possible_values = (truth: Truth): boolean[] => (truth === "unknown" ? [true, false] : [truth]);
const combined = (results: boolean[]): Truth => (results.every((one) => one === results[0]) ? results[0]! : "unknown");

test("a result is unknown exactly if an unknown input could change it", () => {
  for (const a of all) {
    assert.equal(not(a), combined(possible_values(a).map((one) => !one)));
    for (const b of all) {
      const pairs = possible_values(a).flatMap((one) => possible_values(b).map((other) => [one, other] as const));
      assert.equal(and(a, b), combined(pairs.map(([one, other]) => one && other)), `${a} and ${b}`);
      assert.equal(or(a, b), combined(pairs.map(([one, other]) => one || other)), `${a} or ${b}`);
    }
  }
});

const block = (...inputs: Input[]) => site_model({ topology: null }, inputs)[0]!;

const codes: [number | null, Truth, boolean][] = [
  [0, false, true], [1, false, true], [2, false, true], [3, true, false], [4, true, true], [5, true, true], [6, true, true],
  [7, false, false], [8, "unknown", false], [null, "unknown", false],
];
for (const [code, conducting, moving] of codes) {
  test(`switch code ${code} conducts: ${conducting}, moves: ${moving}`, () => {
    const { mains_breaker } = block(switchboard(1, { ...switchboard_on_mains, mains_switch: code }));
    assert.deepEqual([mains_breaker!.conducting, mains_breaker!.moving, mains_breaker!.code], [conducting, moving, code]);
  });
}

// name, devices, mains source, load, busbar, feeders of the gensets
const lost = { mains_normal: false, mains_load: false, mains_uab: 0 };
const cases: [string, Input[], string | undefined, Truth, Truth, Truth[]][] = [
  ["on mains, sets at rest", [switchboard(1, switchboard_on_mains), genset(2, standby)], "normal", true, false, [false]],
  ["islanded on two of three", [switchboard(1, switchboard_on_gensets), genset(2, on_load), genset(3, on_load), genset(4, standby)], "absent", true, true, [true, true, false]],
  ["parallel", [switchboard(1, { ...switchboard_on_mains, busbar_switch: 3, busbar_uab: 400, busbar_p: 100 }), genset(2, on_load)], "normal", true, true, [true]],
  ["test run with the mains present", [switchboard(1, switchboard_on_mains), genset(2, running_open)], "normal", true, false, [true]],
  ["blackout", [switchboard(1, { ...switchboard_on_gensets, busbar_switch: 7, busbar_uab: 0 }), genset(2, standby)], "absent", false, false, [false]],
  ["gensets running, bus breaker open", [switchboard(1, { ...switchboard_on_gensets, busbar_switch: 7 }), genset(2, on_load)], "absent", false, true, [true]],
  ["mains present but out of range", [switchboard(1, { ...switchboard_on_mains, mains_status: 2, mains_uab: 340 }), genset(2, standby)], "abnormal", true, false, [false]],
  ["unknown mains switch", [switchboard(1, { ...switchboard_on_mains, mains_switch: 9 }), genset(2, standby)], "normal", "unknown", false, [false]],
  [
    "an unknown genset that cannot change the result",
    [switchboard(1, switchboard_on_gensets), genset(2, on_load), genset(3, {}, { quality: "offline" })],
    "absent", true, true, [true, "unknown"],
  ],
  [
    "an unknown genset that could change the result",
    [switchboard(1, { ...switchboard_on_gensets, busbar_uab: null }), genset(2, {}, { quality: "offline" })],
    "absent", "unknown", "unknown", ["unknown"],
  ],
  ["switchboard offline", [switchboard(1, switchboard_on_mains, { quality: "offline" }), genset(2, standby)], "unknown", "unknown", "unknown", [false]],
  ["a single genset, load on mains", [genset(1, standby)], "normal", true, false, [false]],
  ["a single genset islanded", [genset(1, { ...on_load, ...lost })], "absent", true, true, [true]],
  ["a single genset, blackout", [genset(1, { ...standby, ...lost })], "absent", false, false, [false]],
  ["a single genset, nothing known", [genset(1, {}, { quality: "offline" })], "unknown", "unknown", "unknown", ["unknown"]],
];
for (const [name, inputs, mains, load, bus, feeders] of cases) {
  test(`energised: ${name}`, () => {
    const model = block(...inputs);
    assert.equal(model.mains?.presence, mains, "mains");
    assert.equal(model.load, load, "load");
    if (model.bus_breaker) assert.equal(model.bus, bus, "busbar");
    assert.deepEqual(model.gensets.map((genset_model) => genset_model.energised), feeders, "feeders");
  });
  test(`fields with other names: ${name}`, () => assert.deepEqual(figures(block(...inputs.map(renamed))), figures(block(...inputs))));
}

// Everything of a model but the devices themselves and the fields of its breakers.
function figures(model: BlockModel): unknown {
  const left_out = ["input", "switchboard", "field"];
  return JSON.parse(JSON.stringify(model, (key, value) => (left_out.includes(key) ? undefined : value)));
}

const without = (input: Input, ...roles: string[]): Input => ({
  ...input, profile: { ...input.profile!, fields: input.profile!.fields.filter((field) => !roles.includes(field.role ?? "")) },
});
const with_role = (input: Input, role: string, more: object): Input => ({
  ...input, profile: { ...input.profile!, fields: [...input.profile!.fields, { ...input.profile!.fields[0]!, name: role, role, ...more }] }, reading: { ...input.reading! },
});

test("a switchboard without codes is known by its bits", () => {
  const bits = (closed: boolean, normal: boolean): Input => {
    const bare = without(switchboard(1, switchboard_on_mains), "mains.state", "breaker.mains.state", "breaker.busbar.state");
    const input = ["breaker.mains.closed", "breaker.busbar.closed", "mains.normal"].reduce((one, role) => with_role(one, role, {}), bare);
    return { ...input, reading: { ...input.reading!, "breaker.mains.closed": closed, "breaker.busbar.closed": !closed, "mains.normal": normal } };
  };
  const model = block(bits(true, true), genset(2, standby));
  assert.deepEqual([model.mains!.presence, model.mains_breaker!.conducting, model.bus_breaker!.conducting], ["normal", true, false]);
  assert.deepEqual([model.mains_breaker!.code, model.mains_breaker!.moving], [null, false]);
  assert.equal(block(bits(false, false), genset(2, standby)).mains_breaker!.conducting, false);
  assert.equal(block(bits(false, false), genset(2, standby)).mains!.presence, "abnormal");
});

test("a genset's breaker can be a code", () => {
  const codes = { codes: "switch", type: "u16" };
  const input = with_role(without(genset(1, on_load), "breaker.generator.closed"), "breaker.generator.state", codes);
  input.profile!.code_tables = [{ name: "switch", codes: [{ value: 5, key: "x", label: { ru: "x", en: "x" }, means: "closed" }] }];
  const conducting = (code: number) => block({ ...input, reading: { ...input.reading!, "breaker.generator.state": code } }).gensets[0]!.breaker.conducting;
  assert.deepEqual([conducting(5), conducting(6)], [true, "unknown"]);
});

test("a code without a meaning does not tell whether a genset runs", () => {
  assert.deepEqual([0, 9, 12, 99, null].map((code) => block(genset(1, { ...on_load, gen_status: code })).gensets[0]!.running), [false, true, false, "unknown", true]);
});

test("without a profile nothing is known", () => {
  assert.equal(block({ ...genset(1, on_load), profile: undefined }).load, "unknown");
});

test("a measurement that contradicts the breakers is used and reported", () => {
  const model = block(switchboard(1, { ...switchboard_on_mains, busbar_uab: 400 }), genset(2, standby));
  assert.deepEqual([model.bus, model.bus_contradicts], [true, true]);
  assert.equal(block(switchboard(1, switchboard_on_gensets), genset(2, on_load)).bus_contradicts, false);
});

test("unknown power is not counted as zero", () => {
  assert.equal(block(switchboard(1, switchboard_on_gensets), genset(2, on_load)).load_power, 228);
  assert.equal(block(switchboard(1, { ...switchboard_on_gensets, busbar_p: null }), genset(2, on_load)).load_power, null);
  assert.equal(block(switchboard(1, { ...switchboard_on_mains, mains_switch: 9 })).load_power, null, "through a breaker that may be open");
  assert.equal(block(genset(1, { ...on_load, ...lost })).load_power, 114);
  assert.equal(block(genset(1, standby)).load_power, null, "the mains power is not measured");
});

test("a breaker keeps its last position while stale, and is unknown when offline", () => {
  const [stale, offline] = (["stale", "offline"] as const).map((quality) => block(genset(1, on_load, { quality })).gensets[0]!.breaker);
  assert.deepEqual([stale!.conducting, stale!.stale], [true, true]);
  assert.equal(offline!.conducting, "unknown");
});

test("without a switchboard, several gensets can prove the mains breaker closed but not open", () => {
  const two = (bit: boolean) => block(genset(1, { ...standby, mains_load: bit }), genset(2, { ...standby, mains_load: bit })).mains_breaker!.conducting;
  assert.equal(two(true), true);
  assert.equal(two(false), "unknown");
});

test("the mains are unknown if the gensets disagree", () => {
  assert.equal(block(genset(1, standby), genset(2, { ...standby, ...lost })).mains!.presence, "unknown");
});

test("voltage is present above a tenth of the nominal voltage", () => {
  const presence = (volts: number, nominal_voltage: number | null) =>
    block(genset(1, { ...running_open, gen_normal: null, gen_uab: volts }, { nominal_voltage })).gensets[0]!.source.presence;
  assert.equal(presence(41, null), "unknown", "voltage is present, but whether it is normal is unknown");
  assert.equal(presence(40, null), "absent");
  assert.equal(presence(600, 6300), "absent");
});

test("by default one block has all gensets, and each further switchboard has its own block", () => {
  const devices = [device(1), device(2), device(3, { device_type: "ats" }), device(4, { device_type: "ats" })];
  assert.deepEqual(blocks_of({ topology: null }, devices), [{ mains_device: 3, gensets: [1, 2] }, { mains_device: 4, gensets: [] }]);
  const topology = { blocks: [{ mains_device: 4, gensets: [2] }] };
  assert.deepEqual(blocks_of({ topology }, devices), topology.blocks);
});

test("breakers are numbered through all blocks", () => {
  const topology = { blocks: [{ mains_device: 1, gensets: [2] }, { mains_device: 3, gensets: [4] }] };
  const inputs = [switchboard(1, switchboard_on_mains), genset(2, standby), switchboard(3, switchboard_on_mains), genset(4, standby)];
  const names = site_model({ topology }, inputs)
    .flatMap((one) => [one.mains_breaker!, one.bus_breaker!, ...one.gensets.map((genset_model) => genset_model.breaker)]).map((one) => one.name);
  assert.deepEqual(names, ["QF1", "QF2", "QF3", "QF4", "QF5", "QF6"]);
});

test("power within 2 % of the rating, or 2 kW, has no direction", () => {
  assert.deepEqual([null, 0, 1.9, -2, 2.1, -2.1].map((power) => direction(power, null)), [null, 0, 0, 0, 1, -1]);
  assert.deepEqual([9, 11].map((power) => direction(power, 500)), [0, 1]);
});

test("a wide diagram has space for each feeder, at most eight in a row", () => {
  for (const count of [1, 4, 8, 9, 20]) {
    const model = block(switchboard(100, switchboard_on_gensets), ...Array.from({ length: count }, (_, index) => genset(index + 1, on_load)));
    for (const available of [560, 900, 1400, 2400]) {
      const layout = wide_layout(model, available);
      assert.equal(layout.feeders.length, count);
      for (const rail of new Set(layout.feeders.map((feeder) => feeder.y))) {
        const xs = layout.feeders.filter((feeder) => feeder.y === rail).map((feeder) => feeder.x);
        assert.ok(xs.length <= 8, `${xs.length} in a row`);
        for (const x of xs) assert.ok(x > 0 && x < layout.width, `${x} of ${layout.width}`);
        for (let index = 1; index < xs.length; index += 1) assert.ok(xs[index]! - xs[index - 1]! >= 120, `${xs[index]! - xs[index - 1]!} apart`);
      }
      assert.ok(Math.max(...layout.feeders.map((feeder) => feeder.y)) < layout.height);
    }
  }
});
