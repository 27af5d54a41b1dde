import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "../src/lib/store";
import type { Reading } from "../src/lib/types";
import { at, reading } from "./builders";

const of = (id: number, after_ms: number, more = {}): Reading => reading(id, { timestamp: at(after_ms), last_seen: at(after_ms), ...more });

function flushed(store: Store): [number, string | null][] {
  const changes: [number, string | null][] = [];
  store.flush((id, one) => changes.push([id, one && one.timestamp]));
  return changes;
}

test("only the newest reading of each device is painted", () => {
  const store = new Store(() => ["alarm_block"]);
  for (let tick = 0; tick < 1000; tick += 1) store.batch({ type: "batch", data: [of(1, tick), of(2, tick)] });
  assert.equal(store.pending_count, 2);
  assert.deepEqual(flushed(store), [[1, at(999)], [2, at(999)]]);
  assert.deepEqual(flushed(store), [], "no new readings");
});

test("a reading with a smaller seq is discarded, before and after painting", () => {
  const store = new Store(() => ["alarm_block"]);
  store.batch({ type: "batch", data: [of(1, 2000, { seq: 12, epoch: "a" })] });
  store.batch({ type: "batch", data: [of(1, 3000, { seq: 11, epoch: "a" })] });
  assert.deepEqual(flushed(store), [[1, at(2000)]]);
  store.batch({ type: "batch", data: [of(1, 4000, { seq: 11, epoch: "a" })] });
  assert.deepEqual(flushed(store), []);
});

test("readings are ordered by seq, even if the server's clock is set", () => {
  const store = new Store(() => ["alarm_block"]);
  const hour = 3_600_000;
  for (const [number, ms] of [[1, 0], [2, -hour], [3, -14 * 24 * hour], [4, 200 * 24 * hour], [5, 1000]] as const) {
    store.batch({ type: "batch", data: [of(1, ms, { seq: number, epoch: "a" })] });
    assert.deepEqual(flushed(store), [[1, at(ms)]]);
  }
});

test("readings of another epoch or without seq are ordered by arrival", () => {
  const store = new Store(() => ["alarm_block"]);
  store.batch({ type: "batch", data: [of(1, 2000, { seq: 12, epoch: "a" })] });
  store.batch({ type: "batch", data: [of(1, 1000, { seq: 1, epoch: "b" })] });
  assert.deepEqual(flushed(store), [[1, at(1000)]]);
  store.batch({ type: "batch", data: [of(1, 500)] });
  assert.deepEqual(flushed(store), [[1, at(500)]]);
});

test("a device that a snapshot does not contain is removed", () => {
  const store = new Store(() => ["alarm_block"]);
  store.batch({ type: "batch", data: [of(1, 0), of(2, 0)] });
  flushed(store);
  store.batch({ type: "batch", data: [of(3, 0)] });
  store.snapshot({ type: "snapshot", data: [of(1, 1000)] }, null);
  assert.deepEqual(flushed(store).sort(), [[1, at(1000)], [2, null], [3, null]]);
  assert.deepEqual(store.ids(), [1]);
});

test("a snapshot of selected devices does not change the others", () => {
  const store = new Store(() => ["alarm_block"]);
  store.batch({ type: "batch", data: [of(1, 0), of(2, 0)] });
  flushed(store);
  store.snapshot({ type: "snapshot", data: [of(1, 1000)] }, new Set([1]));
  assert.deepEqual(flushed(store), [[1, at(1000)]]);
  assert.deepEqual(store.ids(), [1, 2]);
});

test("a snapshot with an older timestamp is accepted: the server's clock may have been set back", () => {
  const store = new Store(() => ["alarm_block"]);
  store.batch({ type: "batch", data: [of(1, 5000)] });
  flushed(store);
  store.snapshot({ type: "snapshot", data: [of(1, 1000)] }, null);
  assert.deepEqual(flushed(store), [[1, at(1000)]]);
});

test("the same reading in the overview removes no fields and updates the age", () => {
  const store = new Store(() => ["alarm_block"]);
  store.batch({ type: "batch", data: [of(1, 0, { gen_uab: 400, current_a: 10, age_ms: 0, received_ms: 0 })] });
  flushed(store);
  store.snapshot({ type: "snapshot", data: [of(1, 0, { gen_uab: 400, age_ms: 900, received_ms: 50 })] }, null);
  store.flush((_, one) => assert.deepEqual([one?.current_a, one?.age_ms, one?.received_ms], [10, 900, 50]));
});

test("a device is removed, even if it was not painted yet", () => {
  const store = new Store(() => ["alarm_block"]);
  store.batch({ type: "batch", data: [of(1, 0), of(2, 0)] });
  store.removed({ type: "removed", device_ids: [2] });
  assert.deepEqual(flushed(store), [[1, at(0)], [2, null]]);
  store.remove(1);
  assert.deepEqual(flushed(store), [[1, null]]);
});

test("changes of alarm bits and of the online state are urgent, values are not", () => {
  const store = new Store(() => ["alarm_block"]);
  const urgent = (more: object) => store.batch({ type: "batch", data: [of(1, 0, more)] });
  assert.equal(urgent({ alarm_block: false, gen_uab: 1 }), true, "the first reading");
  assert.equal(urgent({ alarm_block: false, gen_uab: 2 }), false);
  assert.equal(urgent({ alarm_block: true }), true);
  assert.equal(urgent({ alarm_block: true, online: false }), true);
  assert.equal(urgent({ alarm_block: true, online: true }), true);
});
