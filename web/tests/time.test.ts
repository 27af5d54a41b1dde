import assert from "node:assert/strict";
import { test } from "node:test";
import { stamp, type Message } from "../src/lib/protocol";
import { quality_of, type Quality } from "../src/lib/quality";
import { duration_ms, ServerClock, Stopwatch } from "../src/lib/time";
import { at, device, noon, reading } from "./builders";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

test("the message with the shortest transit time sets the clock", () => {
  const clock = new ServerClock();
  assert.equal(clock.add_sample(at(0), 400), 0);
  assert.equal(clock.add_sample(at(0), 30), 0);
  assert.equal(clock.add_sample(at(0), 900), 870, "slower than the fastest by this much");
  assert.equal(clock.now(30), noon);
});

test("the clock uses the last twenty messages", () => {
  const clock = new ServerClock();
  clock.add_sample(at(10), 0);
  for (let count = 0; count < 20; count += 1) clock.add_sample(at(0), 50);
  assert.equal(clock.now(50), noon);
});

for (const step of [-14 * day, -hour, 200 * day]) {
  test(`when the server's clock was set by ${step / hour} h, earlier samples are discarded`, () => {
    const clock = new ServerClock();
    clock.add_sample(at(0), 0);
    assert.equal(clock.add_sample(at(1000 + step), 1000), null);
    assert.equal(clock.now(1000), noon + 1000 + step);
  });
}

test("before the first message the clock shows the time of this machine", () => {
  const clock = new ServerClock(noon);
  assert.equal(clock.known, false);
  assert.equal(clock.now(5), noon + 5);
});

test("an invalid time is ignored", () => {
  const clock = new ServerClock();
  assert.equal(clock.add_sample("soon", 0), 0);
  assert.equal(clock.known, false);
});

test("the stopwatch follows performance.now() while the wall clock drifts or is set back", () => {
  const watch = new Stopwatch();
  assert.equal(watch.read(noon, 1000), false);
  assert.equal(watch.read(noon + 1004, 2000), false);
  assert.equal(watch.read(noon - 14 * day, 3000), false);
  assert.equal(watch.elapsed_ms, 3000);
});

test("time asleep counts if performance.now() stopped", () => {
  const watch = new Stopwatch();
  watch.read(noon, 1000);
  assert.equal(watch.read(noon + 8 * hour, 2000), true);
  assert.equal(watch.elapsed_ms, 8 * hour + 1000);
  assert.equal(watch.read(noon + 8 * hour + 500, 2500), false);
  assert.equal(watch.elapsed_ms, 8 * hour + 1500);
});

test("time asleep counts once if performance.now() continued", () => {
  const watch = new Stopwatch();
  watch.read(noon, 1000);
  assert.equal(watch.read(noon + 8 * hour, 1000 + 8 * hour), false);
  assert.equal(watch.elapsed_ms, 1000 + 8 * hour);
});

test("a duration is unknown if the clock was set back", () => {
  assert.equal(duration_ms(at(0), at(5000)), 5000);
  assert.equal(duration_ms(at(0), noon + 7), 7);
  assert.equal(duration_ms(at(0), at(-1)), null);
  assert.equal(duration_ms(at(0), null), null);
  assert.equal(duration_ms("soon", noon), null);
});

// Simulates a server and a browser, each with a monotonic and a wall clock, and the page's handling of the messages.
class ServerAndPage {
  steady = 0;
  server_wall = noon;
  browser_wall = noon;
  private clock = new ServerClock();
  private watch = new Stopwatch();
  private shown = reading(1);
  private read_at = 0;
  resyncs = 0;

  pass(milliseconds: number): void {
    this.steady += milliseconds;
    this.server_wall += milliseconds;
    this.browser_wall += milliseconds;
  }
  // The server reads the controller.
  read(): void {
    this.read_at = this.steady;
    this.send_message();
  }
  send_message(transit_ms = 0): void {
    const time = new Date(this.server_wall).toISOString();
    const one = reading(1, { timestamp: time, last_seen: time, age_ms: this.steady - this.read_at, received_ms: undefined });
    const message: Message = { type: "batch", server_time: time, data: [one] };
    this.pass(transit_ms);
    if (this.watch.read(this.browser_wall, this.steady)) this.resyncs += 1;
    const delay = this.clock.add_sample(time, this.watch.elapsed_ms);
    if (delay === null) this.resyncs += 1;
    stamp(message, this.watch.elapsed_ms - (delay ?? 0));
    this.shown = one;
  }
  quality(): Quality {
    this.watch.read(this.browser_wall, this.steady);
    return quality_of(this.shown, device(1), 2, this.watch.elapsed_ms);
  }
}

for (const wrong of [0, -20 * 365 * day, -10 * minute, 10 * minute, 200 * day]) {
  for (const step of [0, -14 * day, -hour, hour, 200 * day]) {
    test(`browser ${wrong / minute} min off, server's clock set by ${step / hour} h: live while read, stale otherwise`, () => {
      const pair = new ServerAndPage();
      pair.browser_wall += wrong;
      for (let cycle = 0; cycle < 10; cycle += 1) {
        pair.pass(2000);
        if (cycle === 5) pair.server_wall += step;
        pair.read();
        assert.equal(pair.quality(), "live");
      }
      assert.equal(pair.resyncs, step === 0 ? 0 : 1);
      pair.server_wall += step;
      pair.pass(6000);
      assert.equal(pair.quality(), "live");
      pair.pass(1);
      assert.equal(pair.quality(), "stale");
      pair.send_message();
      assert.equal(pair.quality(), "stale", "the age of the server is the same");
    });
  }
}

test("setting the browser's clock back changes no age", () => {
  const pair = new ServerAndPage();
  pair.read();
  pair.browser_wall -= 14 * day;
  assert.equal(pair.quality(), "live");
  pair.pass(6001);
  assert.equal(pair.quality(), "stale");
  assert.equal(pair.resyncs, 0);
});

test("setting the browser's clock ahead makes values stale until the next message", () => {
  const pair = new ServerAndPage();
  pair.read();
  pair.browser_wall += hour;
  assert.equal(pair.quality(), "stale");
  pair.send_message();
  assert.equal(pair.quality(), "live");
});

test("the transit time of a message counts in the age", () => {
  const pair = new ServerAndPage();
  pair.read();
  pair.pass(2000);
  pair.send_message(4001);
  assert.equal(pair.quality(), "stale");
});

test("the sending time of a snapshot counts in the age", () => {
  const one = reading(1, { age_ms: 500, received_ms: undefined });
  stamp({ type: "snapshot", sending_ms: 6000, data: [one] }, 10_000);
  assert.equal(quality_of(one, device(1), 2, 10_000), "stale");
  stamp({ type: "snapshot", sending_ms: 0, data: [one] }, 10_000);
  assert.equal(quality_of(one, device(1), 2, 10_000), "live");
});
