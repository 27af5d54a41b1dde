import assert from "node:assert/strict";
import { test } from "node:test";
import { wide_layout } from "../src/lib/sld";
import { and, blocks_of, direction, not, or, site_model, type Input, type Truth } from "../src/lib/topology";
import { board_on_mains, board_on_sets, carrying, device, genset, running_open, standby, switchboard } from "./make";

const all: Truth[] = [true, false, "unknown"];
const worlds = (truth: Truth): boolean[] => (truth === "unknown" ? [true, false] : [truth]);
const told = (answers: boolean[]): Truth => (answers.every((one) => one === answers[0]) ? answers[0]! : "unknown");

test("unknown stays unknown exactly where it could change the answer", () => {
  for (const a of all) {
    assert.equal(not(a), told(worlds(a).map((one) => !one)));
    for (const b of all) {
      const pairs = worlds(a).flatMap((one) => worlds(b).map((other) => [one, other] as const));
      assert.equal(and(a, b), told(pairs.map(([one, other]) => one && other)), `${a} and ${b}`);
      assert.equal(or(a, b), told(pairs.map(([one, other]) => one || other)), `${a} or ${b}`);
    }
  }
});

const block = (...inputs: Input[]) => site_model({ topology: null }, inputs)[0]!;

const codes: [number | null, Truth, boolean][] = [
  [0, false, true], [1, false, true], [2, false, true], [3, true, false], [4, true, true], [5, true, true], [6, true, true], [7, false, false], [8, "unknown", false], [null, "unknown", false],
];
for (const [code, conducting, moving] of codes) {
  test(`switch code ${code} conducts: ${conducting}, moves: ${moving}`, () => {
    const { mains_breaker } = block(switchboard(1, { ...board_on_mains, mains_switch: code }));
    assert.deepEqual([mains_breaker!.conducting, mains_breaker!.moving, mains_breaker!.code], [conducting, moving, code]);
  });
}

// name, devices, mains source, load, busbar, feeders of the sets
const lost = { mains_normal: false, mains_load: false, mains_uab: 0 };
const cases: [string, Input[], string | undefined, Truth, Truth, Truth[]][] = [
  ["on mains, sets at rest", [switchboard(1, board_on_mains), genset(2, standby)], "normal", true, false, [false]],
  ["islanded on two of three", [switchboard(1, board_on_sets), genset(2, carrying), genset(3, carrying), genset(4, standby)], "absent", true, true, [true, true, false]],
  ["parallel", [switchboard(1, { ...board_on_mains, busbar_switch: 3, busbar_uab: 400, busbar_p: 100 }), genset(2, carrying)], "normal", true, true, [true]],
  ["test run beside the mains", [switchboard(1, board_on_mains), genset(2, running_open)], "normal", true, false, [true]],
  ["blackout", [switchboard(1, { ...board_on_sets, busbar_switch: 7, busbar_uab: 0 }), genset(2, standby)], "absent", false, false, [false]],
  ["sets ready, tie open", [switchboard(1, { ...board_on_sets, busbar_switch: 7 }), genset(2, carrying)], "absent", false, true, [true]],
  ["mains present but not as they should be", [switchboard(1, { ...board_on_mains, mains_status: 2, mains_uab: 340 }), genset(2, standby)], "abnormal", true, false, [false]],
  ["unknown mains switch", [switchboard(1, { ...board_on_mains, mains_switch: 9 }), genset(2, standby)], "normal", "unknown", false, [false]],
  ["unknown set that cannot change the answer", [switchboard(1, board_on_sets), genset(2, carrying), genset(3, {}, { quality: "offline" })], "absent", true, true, [true, "unknown"]],
  ["unknown set that could", [switchboard(1, { ...board_on_sets, busbar_uab: null }), genset(2, {}, { quality: "offline" })], "absent", "unknown", "unknown", ["unknown"]],
  ["switchboard offline", [switchboard(1, board_on_mains, { quality: "offline" }), genset(2, standby)], "unknown", "unknown", "unknown", [false]],
  ["a single set on mains", [genset(1, standby)], "normal", true, false, [false]],
  ["a single set islanded", [genset(1, { ...carrying, ...lost })], "absent", true, true, [true]],
  ["a single set, blackout", [genset(1, { ...standby, ...lost })], "absent", false, false, [false]],
  ["a single set, nothing known", [genset(1, {}, { quality: "offline" })], "unknown", "unknown", "unknown", ["unknown"]],
];
for (const [name, inputs, mains, load, bus, feeders] of cases) {
  test(`energised: ${name}`, () => {
    const model = block(...inputs);
    assert.equal(model.mains?.presence, mains, "mains");
    assert.equal(model.load, load, "load");
    if (model.bus_breaker) assert.equal(model.bus, bus, "busbar");
    assert.deepEqual(model.gensets.map((set) => set.energised), feeders, "feeders");
  });
}

test("a measurement that contradicts the breakers is trusted and said", () => {
  const model = block(switchboard(1, { ...board_on_mains, busbar_uab: 400 }), genset(2, standby));
  assert.deepEqual([model.bus, model.bus_contradicts], [true, true]);
  assert.equal(block(switchboard(1, board_on_sets), genset(2, carrying)).bus_contradicts, false);
});

test("power that is not known is not counted as none", () => {
  assert.equal(block(switchboard(1, board_on_sets), genset(2, carrying)).load_power, 228);
  assert.equal(block(switchboard(1, { ...board_on_sets, busbar_p: null }), genset(2, carrying)).load_power, null);
  assert.equal(block(switchboard(1, { ...board_on_mains, mains_switch: 9 })).load_power, null, "through a breaker that may be open");
  assert.equal(block(genset(1, { ...carrying, ...lost })).load_power, 114);
  assert.equal(block(genset(1, standby)).load_power, null, "nobody measures what the mains give");
});

test("a breaker keeps its last place while stale, and loses it when offline", () => {
  const [stale, offline] = (["stale", "offline"] as const).map((quality) => block(genset(1, carrying, { quality })).gensets[0]!.breaker);
  assert.deepEqual([stale!.conducting, stale!.stale], [true, true]);
  assert.equal(offline!.conducting, "unknown");
});

test("of several sets without a switchboard none is asked where the mains breaker stands open", () => {
  const two = (bit: boolean) => block(genset(1, { ...standby, mains_load: bit }), genset(2, { ...standby, mains_load: bit })).mains_breaker!.conducting;
  assert.equal(two(true), true);
  assert.equal(two(false), "unknown");
});

test("sets that disagree on the mains leave them unknown", () => {
  assert.equal(block(genset(1, standby), genset(2, { ...standby, ...lost })).mains!.presence, "unknown");
});

test("a tenth of the nominal voltage is a voltage", () => {
  const presence = (volts: number, nominal_voltage: number | null) => block(genset(1, { ...running_open, gen_normal: null, gen_uab: volts }, { nominal_voltage })).gensets[0]!.source.presence;
  assert.equal(presence(41, null), "unknown", "there is one, whether it is as it should be nobody says");
  assert.equal(presence(40, null), "absent");
  assert.equal(presence(600, 6300), "absent");
});

test("one block of all sets, and one for each further switchboard, unless the site says otherwise", () => {
  const devices = [device(1), device(2), device(3, { device_type: "ats" }), device(4, { device_type: "ats" })];
  assert.deepEqual(blocks_of({ topology: null }, devices), [{ mains_device: 3, gensets: [1, 2] }, { mains_device: 4, gensets: [] }]);
  const topology = { blocks: [{ mains_device: 4, gensets: [2] }] };
  assert.deepEqual(blocks_of({ topology }, devices), topology.blocks);
});

test("breakers are numbered through all blocks", () => {
  const names = site_model({ topology: { blocks: [{ mains_device: 1, gensets: [2] }, { mains_device: 3, gensets: [4] }] } }, [switchboard(1, board_on_mains), genset(2, standby), switchboard(3, board_on_mains), genset(4, standby)])
    .flatMap((one) => [one.mains_breaker!, one.bus_breaker!, ...one.gensets.map((set) => set.breaker)]).map((one) => one.name);
  assert.deepEqual(names, ["QF1", "QF2", "QF3", "QF4", "QF5", "QF6"]);
});

test("power has no direction within two percent of the rating, or two kilowatts", () => {
  assert.deepEqual([null, 0, 1.9, -2, 2.1, -2.1].map((power) => direction(power, null)), [null, 0, 0, 0, 1, -1]);
  assert.deepEqual([9, 11].map((power) => direction(power, 500)), [0, 1]);
});

test("a wide diagram has room for each feeder, in rows of eight at most", () => {
  for (const count of [1, 4, 8, 9, 20]) {
    const model = block(switchboard(100, board_on_sets), ...Array.from({ length: count }, (_, index) => genset(index + 1, carrying)));
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
