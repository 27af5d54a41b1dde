import assert from "node:assert/strict";
import { test } from "node:test";
import { age_ms, is_usable, quality_of, seen_at, stale_after_ms } from "../src/lib/quality";
import { at, device, reading } from "./builders";

const of = (fields: object, after_ms: number, poll_interval_s = 2) => quality_of(reading(1, { ...fields }), device(1), poll_interval_s, after_ms);

test("a reading is live for three cadences, at least five seconds", () => {
  assert.equal(of({}, 6000), "live");
  assert.equal(of({}, 6001), "stale");
  assert.equal(of({ cadence_ms: 500 }, 5000), "live", "at least five seconds");
  assert.equal(of({ cadence_ms: 500 }, 5001), "stale");
  assert.equal(of({ cadence_ms: 3000 }, 9000), "live", "three cadences of a slow line");
});

test("without a cadence the device's poll interval counts, else the server's", () => {
  assert.equal(stale_after_ms(reading(1), device(1, { poll_interval: 10 }), 2), 30_000);
  assert.equal(stale_after_ms(reading(1), device(1), 4), 12_000);
});

test("the age is that of the last success, not that of the last attempt", () => {
  assert.equal(of({ timestamp: at(20_000), last_seen: at(0), error: "no answer", age_ms: 20_000 }, 0), "stale");
});

test("a device that does not respond is offline at any age, and never without a successful read", () => {
  assert.equal(of({ online: false }, 100), "offline");
  assert.equal(of({ online: false, last_seen: null }, 100), "never");
});

test("a reading without last_seen counts from its timestamp if it is online", () => {
  assert.equal(seen_at(reading(1, { last_seen: undefined })), at(0));
  assert.equal(seen_at(reading(1, { last_seen: undefined, online: false })), null);
});

test("an inactive device is disabled, and one without a reading is waiting", () => {
  assert.equal(quality_of(reading(1), device(1, { is_active: false }), 2, 0), "disabled");
  assert.equal(quality_of(null, device(1), 2, 0), "waiting");
});

test("only live and stale values are usable", () => {
  assert.deepEqual((["waiting", "live", "stale", "offline", "never", "disabled"] as const).filter(is_usable), ["live", "stale"]);
});

test("the age is what the server measured plus the time since the message was sent", () => {
  const old = reading(1, { age_ms: 4000, received_ms: 10_000 });
  assert.equal(age_ms(old, 11_500), 5500);
  assert.equal(age_ms(old, 9000), 4000, "never younger than the server says");
  assert.equal(age_ms(reading(1, { age_ms: null }), 0), null);
  assert.equal(age_ms(null, 0), null);
});

for (const wrong of [at(-200 * 86_400_000), at(200 * 86_400_000), "1970-01-01T00:00:00.000Z"]) {
  test(`a reading dated ${wrong} becomes stale like any other`, () => {
    const fields = { timestamp: wrong, last_seen: wrong };
    assert.equal(of(fields, 6000), "live");
    assert.equal(of(fields, 6001), "stale");
  });
}

test("a reading of unknown age is not live", () => {
  assert.equal(of({ age_ms: undefined }, 0), "stale");
});
