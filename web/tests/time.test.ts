import assert from "node:assert/strict";
import { test } from "node:test";
import { stamp, type Message } from "../src/lib/protocol";
import { quality_of, type Quality } from "../src/lib/quality";
import { duration_ms, ServerClock, Stopwatch } from "../src/lib/time";
import { at, device, noon, reading } from "./make";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

test("the message that was under way for the shortest time is believed", () => {
  const clock = new ServerClock();
  assert.equal(clock.learn(at(0), 400), 0);
  assert.equal(clock.learn(at(0), 30), 0);
  assert.equal(clock.learn(at(0), 900), 870, "so much longer than the fastest");
  assert.equal(clock.now(30), noon);
});

test("a slow message is forgotten after twenty others", () => {
  const clock = new ServerClock();
  clock.learn(at(10), 0);
  for (let count = 0; count < 20; count += 1) clock.learn(at(0), 50);
  assert.equal(clock.now(50), noon);
});

for (const step of [-14 * day, -hour, 200 * day]) {
  test(`when the server's clock was set by ${step / hour} h, what was learned before is void`, () => {
    const clock = new ServerClock();
    clock.learn(at(0), 0);
    assert.equal(clock.learn(at(1000 + step), 1000), null);
    assert.equal(clock.now(1000), noon + 1000 + step);
  });
}

test("before the server has told its time, this machine's is shown", () => {
  const clock = new ServerClock(noon);
  assert.equal(clock.known, false);
  assert.equal(clock.now(5), noon + 5);
});

test("what is no time is not learned", () => {
  const clock = new ServerClock();
  assert.equal(clock.learn("soon", 0), 0);
  assert.equal(clock.known, false);
});

test("the stopwatch follows performance.now() while the wall clock drifts or is set back", () => {
  const watch = new Stopwatch();
  assert.equal(watch.read(noon, 1000), false);
  assert.equal(watch.read(noon + 1004, 2000), false);
  assert.equal(watch.read(noon - 14 * day, 3000), false);
  assert.equal(watch.elapsed_ms, 3000);
});

test("a sleep in which performance.now() stood still counts", () => {
  const watch = new Stopwatch();
  watch.read(noon, 1000);
  assert.equal(watch.read(noon + 8 * hour, 2000), true);
  assert.equal(watch.elapsed_ms, 8 * hour + 1000);
  assert.equal(watch.read(noon + 8 * hour + 500, 2500), false);
  assert.equal(watch.elapsed_ms, 8 * hour + 1500);
});

test("a sleep in which performance.now() went on counts once", () => {
  const watch = new Stopwatch();
  watch.read(noon, 1000);
  assert.equal(watch.read(noon + 8 * hour, 1000 + 8 * hour), false);
  assert.equal(watch.elapsed_ms, 1000 + 8 * hour);
});

test("a duration over a step of the clock is not known", () => {
  assert.equal(duration_ms(at(0), at(5000)), 5000);
  assert.equal(duration_ms(at(0), noon + 7), 7);
  assert.equal(duration_ms(at(0), at(-1)), null);
  assert.equal(duration_ms(at(0), null), null);
  assert.equal(duration_ms("soon", noon), null);
});

// A server and a browser, each with a steady and a wall clock, and what the page makes of their messages.
class Both {
  steady = 0;
  server_wall = noon;
  browser_wall = noon;
  private clock = new ServerClock();
  private watch = new Stopwatch();
  private shown = reading(1);
  private read_at = 0;
  asked_again = 0;

  pass(milliseconds: number): void {
    this.steady += milliseconds;
    this.server_wall += milliseconds;
    this.browser_wall += milliseconds;
  }
  // The server reads the controller.
  read(): void {
    this.read_at = this.steady;
    this.say();
  }
  say(under_way_ms = 0): void {
    const time = new Date(this.server_wall).toISOString();
    const one = reading(1, { timestamp: time, last_seen: time, age_ms: this.steady - this.read_at, received_ms: undefined });
    const message: Message = { type: "batch", server_time: time, data: [one] };
    this.pass(under_way_ms);
    if (this.watch.read(this.browser_wall, this.steady)) this.asked_again += 1;
    const delay = this.clock.learn(time, this.watch.elapsed_ms);
    if (delay === null) this.asked_again += 1;
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
    test(`browser ${wrong / minute} min off, server's clock set by ${step / hour} h: live while it is read, stale when it is not`, () => {
      const both = new Both();
      both.browser_wall += wrong;
      for (let cycle = 0; cycle < 10; cycle += 1) {
        both.pass(2000);
        if (cycle === 5) both.server_wall += step;
        both.read();
        assert.equal(both.quality(), "live");
      }
      assert.equal(both.asked_again, step === 0 ? 0 : 1);
      both.server_wall += step;
      both.pass(6000);
      assert.equal(both.quality(), "live");
      both.pass(1);
      assert.equal(both.quality(), "stale");
      both.say();
      assert.equal(both.quality(), "stale", "the server says so too");
    });
  }
}

test("the browser's clock is set back while the page is open: nothing looks younger or older", () => {
  const both = new Both();
  both.read();
  both.browser_wall -= 14 * day;
  assert.equal(both.quality(), "live");
  both.pass(6001);
  assert.equal(both.quality(), "stale");
  assert.equal(both.asked_again, 0);
});

test("the browser's clock is set ahead: stale until the server was asked again", () => {
  const both = new Both();
  both.read();
  both.browser_wall += hour;
  assert.equal(both.quality(), "stale");
  both.say();
  assert.equal(both.quality(), "live");
});

test("a message that was under way for long is not younger for it", () => {
  const both = new Both();
  both.read();
  both.pass(2000);
  both.say(4001);
  assert.equal(both.quality(), "stale");
});

test("a snapshot that was sent over some time does not make its first values younger", () => {
  const one = reading(1, { age_ms: 500, received_ms: undefined });
  stamp({ type: "snapshot", sending_ms: 6000, data: [one] }, 10_000);
  assert.equal(quality_of(one, device(1), 2, 10_000), "stale");
  stamp({ type: "snapshot", sending_ms: 0, data: [one] }, 10_000);
  assert.equal(quality_of(one, device(1), 2, 10_000), "live");
});
