import assert from "node:assert/strict";
import { test } from "node:test";
import { is_believed, quality_of, seen_at, stale_after_ms } from "../src/lib/quality";
import { at, device, noon, reading } from "./make";

const of = (fields: object, after_ms: number, poll_interval_s = 2) => quality_of(reading(1, { ...fields }), device(1), poll_interval_s, noon + after_ms);

test("a reading is live until three cadences, five seconds at least", () => {
  assert.equal(of({}, 6000), "live");
  assert.equal(of({}, 6001), "stale");
  assert.equal(of({ cadence_ms: 500 }, 5000), "live", "a quick device is not stale at once");
  assert.equal(of({ cadence_ms: 500 }, 5001), "stale");
  assert.equal(of({ cadence_ms: 3000 }, 9000), "live", "a slow line has its own pace");
});

test("the device's own interval counts before the server's where the cadence is not known", () => {
  assert.equal(stale_after_ms(reading(1), device(1, { poll_interval: 10 }), 2), 30_000);
  assert.equal(stale_after_ms(reading(1), device(1), 4), 12_000);
});

test("the age is that of the last success, not that of the last attempt", () => {
  assert.equal(of({ timestamp: at(20_000), last_seen: at(0), error: "no answer" }, 20_000), "stale");
});

test("what does not answer is offline however young, and was never read without a success", () => {
  assert.equal(of({ online: false }, 100), "offline");
  assert.equal(of({ online: false, last_seen: null }, 100), "never");
});

test("a reading of a program that tells no last_seen counts from its timestamp, if it is online", () => {
  assert.equal(seen_at(reading(1, { last_seen: undefined })), at(0));
  assert.equal(seen_at(reading(1, { last_seen: undefined, online: false })), null);
});

test("out of use comes before all, and nothing known is waiting", () => {
  assert.equal(quality_of(reading(1), device(1, { is_active: false }), 2, noon), "disabled");
  assert.equal(quality_of(null, device(1), 2, noon), "waiting");
});

test("only live and stale values say something of the machine", () => {
  assert.deepEqual((["waiting", "live", "stale", "offline", "never", "disabled"] as const).filter(is_believed), ["live", "stale"]);
});
