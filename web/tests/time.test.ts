import assert from "node:assert/strict";
import { test } from "node:test";
import { quality_of } from "../src/lib/quality";
import { age_ms, ServerClock } from "../src/lib/time";
import { at, device, noon, reading } from "./make";

const minutes = 60_000;

for (const wrong of [10 * minutes, -10 * minutes, 0]) {
  test(`a client clock that is ${wrong / minutes} min off changes no age`, () => {
    const clock = new ServerClock();
    clock.learn(at(0), noon + wrong);
    const now = clock.now(noon + wrong + 1000);
    assert.equal(now, noon + 1000);
    assert.equal(age_ms(at(0), now), 1000);
    assert.equal(quality_of(reading(1), device(1), 2, now), "live");
  });
}

test("the message that was under way for the shortest time is believed", () => {
  const clock = new ServerClock();
  for (const delay of [400, 30, 900]) clock.learn(at(0), noon + delay);
  assert.equal(clock.offset_ms, -30);
});

test("a slow message is forgotten after twenty others", () => {
  const clock = new ServerClock();
  clock.learn(at(10), noon);
  for (let count = 0; count < 20; count += 1) clock.learn(at(0), noon + 50);
  assert.equal(clock.offset_ms, -50);
});

test("when a clock was set, what was learned before is void", () => {
  const clock = new ServerClock();
  clock.learn(at(0), noon);
  clock.learn(at(1000), noon + 1000 + 10 * minutes);
  assert.equal(clock.now(noon + 1000 + 10 * minutes), noon + 1000);
});

test("an age is never negative, and no time has none", () => {
  assert.equal(age_ms(at(500), noon), 0);
  assert.equal(age_ms(null, noon), null);
  assert.equal(age_ms("nonsense", noon), null);
});

test("what is no time is not learned", () => {
  const clock = new ServerClock();
  clock.learn("soon", noon);
  assert.equal(clock.known, false);
});
