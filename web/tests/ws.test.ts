import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message } from "../src/lib/protocol";
import { Link, type LinkState, type SocketLike } from "../src/lib/ws";

// A world with a clock of its own, in which the tests are the server.
class TestSocket implements SocketLike {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  sent: string[] = [];
  closed = false;
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.closed = true;
  }
  says(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  ends(code: number): void {
    this.onclose?.({ code });
  }
}

class World {
  time = 0;
  chance = 0.5;
  sockets: TestSocket[] = [];
  states: LinkState[] = [];
  retry_at: number | null = null;
  heard: Message[] = [];
  private timers = new Map<number, { at: number; act: () => void }>();
  private next_timer = 1;
  link: Link;

  constructor(stays_awake = false) {
    const outside = {
      open: () => {
        this.sockets.push(new TestSocket());
        return this.socket;
      },
      now: () => this.time,
      random: () => this.chance,
      after: (milliseconds: number, act: () => void) => {
        this.timers.set(this.next_timer, { at: this.time + milliseconds, act });
        return this.next_timer++;
      },
      cancel: (timer: number) => void this.timers.delete(timer),
    };
    this.link = new Link(outside, { message: (message) => this.heard.push(message), state: (state, retry_at) => this.hear_state(state, retry_at) }, stays_awake);
  }
  get socket(): TestSocket {
    return this.sockets.at(-1)!;
  }
  private hear_state(state: LinkState, retry_at: number | null): void {
    this.states.push(state);
    this.retry_at = retry_at;
  }
  pass(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (;;) {
      const due = [...this.timers].filter(([, timer]) => timer.at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (!due) break;
      this.timers.delete(due[0]);
      this.time = Math.max(this.time, due[1].at);
      due[1].act();
    }
    this.time = end;
  }
  // Time in which no timer runs, as in a machine that sleeps.
  sleep(milliseconds: number): void {
    this.time += milliseconds;
  }
  live(seq = 1): TestSocket {
    this.link.start();
    this.socket.onopen?.();
    this.socket.says({ type: "snapshot", epoch: "a", seq, data: [] });
    return this.socket;
  }
  get open_sockets(): number {
    return this.sockets.filter((socket) => !socket.closed).length;
  }
}

const heartbeat = (seq: number) => ({ type: "hb", epoch: "a", seq });

test("it is live with the snapshot, not with the connection", () => {
  const world = new World();
  world.link.start();
  world.socket.onopen?.();
  assert.deepEqual(world.states, []);
  world.socket.says({ type: "snapshot", epoch: "a", seq: 1, data: [] });
  assert.deepEqual(world.states, ["live"]);
});

test("a gap asks once for everything anew, shows what comes meanwhile, and is over with the snapshot", () => {
  const world = new World();
  const socket = world.live();
  socket.says(heartbeat(2));
  socket.says({ type: "batch", epoch: "a", seq: 5, data: [{ device_id: 1 }] });
  socket.says(heartbeat(6));
  assert.deepEqual(socket.sent, ['{"type":"resync"}']);
  assert.deepEqual(world.states, ["live", "resyncing"]);
  assert.ok(world.heard.some((message) => message.type === "batch"));
  socket.says({ type: "snapshot", epoch: "a", seq: 7, data: [] });
  socket.says(heartbeat(8));
  assert.deepEqual(world.states, ["live", "resyncing", "live"]);
  assert.equal(socket.sent.length, 1);
});

test("what the page wants to hear is asked for at each connection", () => {
  const world = new World();
  world.link.subscribe({ devices: [1, 2], view: "full", max_hz: 10 });
  const first = world.live();
  const asked = '{"type":"sub","devices":[1,2],"view":"full","max_hz":10}';
  assert.deepEqual(first.sent, [asked]);
  first.ends(1006);
  world.pass(60_000);
  world.socket.onopen?.();
  assert.deepEqual(world.socket.sent, [asked]);
});

test("attempts come in growing, random distances of thirty seconds at most, and the page never holds two connections", () => {
  const world = new World();
  world.chance = 1;
  world.live();
  const waits: number[] = [];
  for (let attempt = 0; attempt < 9; attempt += 1) {
    world.socket.ends(1006);
    waits.push(world.retry_at! - world.time);
    world.pass(waits.at(-1)!);
    assert.equal(world.open_sockets, 1);
  }
  assert.deepEqual(waits, [1200, 2200, 4200, 8200, 16_200, 30_200, 30_200, 30_200, 30_200]);
  world.chance = 0;
  world.socket.ends(1006);
  assert.equal(world.retry_at! - world.time, 200);
});

test("only a connection that lived begins anew with short distances", () => {
  const world = new World();
  world.chance = 1;
  world.live();
  for (let attempt = 0; attempt < 4; attempt += 1) {
    world.socket.ends(1012);
    world.pass(60_000);
    world.socket.says({ type: "snapshot", epoch: "a", seq: 1, data: [] });
  }
  for (let second = 0; second < 12; second += 1) {
    world.pass(1000);
    world.socket.says({ type: "hb", epoch: "a", seq: 2 + second });
  }
  world.socket.ends(1012);
  assert.equal(world.retry_at! - world.time, 1200);
});

test("the server's reason decides: no room waits longer, no right asks for a token", () => {
  const world = new World();
  world.chance = 0;
  world.live();
  world.socket.ends(1013);
  assert.equal(world.retry_at! - world.time, 5000);
  const refused = new World();
  refused.live().ends(1008);
  refused.pass(600_000);
  assert.deepEqual(refused.states, ["live", "refused"]);
  assert.equal(refused.sockets.length, 1);
});

test("a silent server is asked after ten seconds and given up after fifteen", () => {
  const world = new World();
  const socket = world.live();
  world.pass(10_000);
  assert.deepEqual(socket.sent, []);
  world.pass(1000);
  assert.deepEqual(socket.sent, ["ping"]);
  world.pass(3900);
  assert.deepEqual(world.states, ["live"]);
  world.pass(1100);
  assert.deepEqual(world.states, ["live", "lost"]);
  assert.equal(socket.closed, true);
});

test("a pong is a sign of life", () => {
  const world = new World();
  const socket = world.live();
  world.pass(11_000);
  socket.onmessage?.({ data: "pong" });
  world.pass(9000);
  assert.deepEqual(world.states, ["live"]);
});

test("a server that takes the connection and says nothing is given up too", () => {
  const world = new World();
  world.link.start();
  world.pass(16_000);
  assert.deepEqual(world.states, ["lost"]);
});

test("messages of a connection that was given up are not heard", () => {
  const world = new World();
  const old = world.live();
  world.pass(16_000);
  const heard = world.heard.length;
  old.says(heartbeat(2));
  assert.equal(world.heard.length, heard);
});

test("a page that nobody sees for five minutes sleeps, and wakes at once", () => {
  const world = new World();
  const socket = world.live();
  world.link.hidden(true);
  for (let seq = 2; seq < 64; seq += 1) {
    world.pass(5000);
    socket.says(heartbeat(seq));
  }
  assert.deepEqual(world.states, ["live", "asleep"]);
  assert.equal(world.open_sockets, 0);
  world.link.hidden(false);
  assert.equal(world.open_sockets, 1);
});

test("a wall display does not sleep", () => {
  const world = new World(true);
  const socket = world.live();
  world.link.hidden(true);
  for (let seq = 2; seq < 100; seq += 1) {
    world.pass(5000);
    socket.says(heartbeat(seq));
  }
  assert.deepEqual(world.states, ["live"]);
});

test("a machine that slept looks at the clock when it wakes", () => {
  const world = new World();
  world.live();
  world.link.hidden(true);
  world.sleep(60_000);
  world.link.hidden(false);
  assert.deepEqual(world.states, ["live", "lost"]);
});

test("when the network is back the next attempt is made at once, once", () => {
  const world = new World();
  world.live().ends(1006);
  world.link.try_now();
  world.link.try_now();
  assert.equal(world.open_sockets, 1);
  world.pass(2000);
  assert.equal(world.sockets.length, 2);
});

test("stopped is stopped", () => {
  const world = new World();
  world.live().ends(1006);
  world.link.stop();
  world.pass(600_000);
  assert.equal(world.sockets.length, 1);
});
