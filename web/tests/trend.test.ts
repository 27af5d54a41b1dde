import assert from "node:assert/strict";
import { test } from "node:test";
import { history_points, merge_points, TrendRing } from "../src/lib/trend";
import { at, noon, reading } from "./builders";

const of = (after_ms: number, power: number | null, more = {}) => reading(1, { timestamp: at(after_ms), power_total: power, ...more });
const seconds = (times: number[]): number[] => times.map((time) => Math.round(1000 * time - noon) / 1000);

test("a gap of more than three cadences breaks the line", () => {
  const ring = new TrendRing(2000);
  for (const after of [0, 2000, 8000, 16_000]) ring.add(of(after, 1));
  assert.deepEqual(ring.points("power_total").map((point) => point.value), [1, 1, 1, null, 1]);
});

test("no data and an offline device are gaps, not zeros", () => {
  const ring = new TrendRing(2000);
  ring.add(of(0, 5));
  ring.add(of(2000, null));
  ring.add(of(4000, 5, { online: false }));
  assert.deepEqual(ring.points("power_total").map((point) => point.value), [5, null, null]);
});

test("repeated and older readings add no point", () => {
  const ring = new TrendRing(2000);
  for (const [seq, after] of [[1, 0], [1, 0], [3, 2000], [2, 1000]] as const) ring.add(of(after, 1, { seq, epoch: "a" }));
  assert.equal(ring.points("power_total").length, 2);
});

test("when the server's clock is set back, the trend continues at the new time and no time occurs twice", () => {
  const ring = new TrendRing(2000);
  const hour = 3_600_000;
  for (let after = 0; after <= 2 * hour; after += 600_000) ring.add(of(after, 1, { cadence_ms: 600_000 }));
  ring.add(of(hour + 1000, 7));
  ring.add(of(hour + 3000, 8));
  const points = ring.points("power_total").map((point) => [point.at_ms - noon, point.value]);
  assert.deepEqual(points.slice(-4), [[hour, 1], [hour + 1, null], [hour + 1000, 7], [hour + 3000, 8]]);
  assert.ok(points.every(([time], index) => index === 0 || points[index - 1]![0]! < time!));
  ring.add(of(-14 * 24 * hour, 9));
  assert.deepEqual(ring.points("power_total").map((point) => point.value), [9]);
});

test("a trend keeps at most 1,800 points", () => {
  const ring = new TrendRing(2000);
  for (let count = 0; count < 5000; count += 1) ring.add(of(2000 * count, count));
  assert.equal(ring.points("power_total").length, 1800);
  assert.equal(ring.points("power_total").at(-1)!.value, 4999);
});

test("history points are the mean of each bucket at its middle, null for an empty bucket", () => {
  const points = history_points({ from: at(0), step_ms: 1000, fields: { power_total: [[1, 3, 2], null] } }).get("power_total")!;
  assert.deepEqual(points, [{ at_ms: noon + 500, value: 2 }, { at_ms: noon + 1500, value: null }]);
});

test("history comes before the live points, with a gap between them", () => {
  const history = [0, 1000, 2000].map((after) => ({ at_ms: noon + after, value: 1 }));
  const live = [60_000, 62_000].map((after) => ({ at_ms: noon + after, value: 2 }));
  const [times, values] = merge_points(history, live, 1000);
  assert.deepEqual(values, [1, 1, 1, null, 2, 2]);
  assert.deepEqual(seconds(times), [0, 1, 2, 2.001, 60, 62]);
});

test("buckets shorter than the cadence make no gaps", () => {
  const history = Array.from({ length: 12 }, (_, index) => ({ at_ms: noon + 500 * index, value: index % 4 === 0 ? 1 : null }));
  assert.deepEqual(merge_points(history, [], 500)[1], [1, 1, 1]);
});

test("times ascend where history and live points overlap", () => {
  const history = [0, 1000, 2000, 3000].map((after) => ({ at_ms: noon + after, value: 1 }));
  const live = [1500, 3500].map((after) => ({ at_ms: noon + after, value: 2 }));
  assert.deepEqual(seconds(merge_points(history, live, 1000)[0]), [0, 1, 1.5, 3.5]);
});
