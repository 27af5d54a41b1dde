import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message } from "../src/lib/protocol";
import { Link, type LinkState, type SocketLike } from "../src/lib/ws";

// Simulates clock, timers and sockets; the tests act as the server.
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
  receive(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  end(code: number): void {
    this.onclose?.({ code });
  }
}

class LinkTester {
  time = 0;
  chance = 0.5;
  sockets: TestSocket[] = [];
  states: LinkState[] = [];
  retry_at: number | null = null;
  received: Message[] = [];
  private timers = new Map<number, { at: number; callback: () => void }>();
  private next_timer = 1;
  link: Link;

  constructor(never_suspend = false) {
    const environment = {
      open: () => {
        this.sockets.push(new TestSocket());
        return this.socket;
      },
      now: () => this.time,
      random: () => this.chance,
      after: (milliseconds: number, callback: () => void) => {
        this.timers.set(this.next_timer, { at: this.time + milliseconds, callback });
        return this.next_timer++;
      },
      cancel: (timer: number) => void this.timers.delete(timer),
    };
    this.link = new Link(environment, { message: (message) => this.received.push(message), state: (state, retry_at) => this.record_state(state, retry_at) }, never_suspend);
  }
  get socket(): TestSocket {
    return this.sockets.at(-1)!;
  }
  private record_state(state: LinkState, retry_at: number | null): void {
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
      due[1].callback();
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
    this.socket.receive({ type: "snapshot", epoch: "a", seq, data: [] });
    return this.socket;
  }
  get open_sockets(): number {
    return this.sockets.filter((socket) => !socket.closed).length;
  }
}

const heartbeat = (seq: number) => ({ type: "hb", epoch: "a", seq });

test("the link is live after the snapshot, not after the connection", () => {
  const tester = new LinkTester();
  tester.link.start();
  tester.socket.onopen?.();
  assert.deepEqual(tester.states, []);
  tester.socket.receive({ type: "snapshot", epoch: "a", seq: 1, data: [] });
  assert.deepEqual(tester.states, ["live"]);
});

test("a gap requests one snapshot; messages are passed on meanwhile; the snapshot ends it", () => {
  const tester = new LinkTester();
  const socket = tester.live();
  socket.receive(heartbeat(2));
  socket.receive({ type: "batch", epoch: "a", seq: 5, data: [{ device_id: 1 }] });
  socket.receive(heartbeat(6));
  assert.deepEqual(socket.sent, ['{"type":"resync"}']);
  assert.deepEqual(tester.states, ["live", "resyncing"]);
  assert.ok(tester.received.some((message) => message.type === "batch"));
  socket.receive({ type: "snapshot", epoch: "a", seq: 7, data: [] });
  socket.receive(heartbeat(8));
  assert.deepEqual(tester.states, ["live", "resyncing", "live"]);
  assert.equal(socket.sent.length, 1);
});

test("the subscription is sent on each connection", () => {
  const tester = new LinkTester();
  tester.link.subscribe({ devices: [1, 2], view: "full", max_hz: 10 });
  const first = tester.live();
  const subscription = '{"type":"sub","devices":[1,2],"view":"full","max_hz":10}';
  assert.deepEqual(first.sent, [subscription]);
  first.end(1006);
  tester.pass(60_000);
  tester.socket.onopen?.();
  assert.deepEqual(tester.socket.sent, [subscription]);
});

test("waits grow at random up to 30 s, and there is never more than one connection", () => {
  const tester = new LinkTester();
  tester.chance = 1;
  tester.live();
  const waits: number[] = [];
  for (let attempt = 0; attempt < 9; attempt += 1) {
    tester.socket.end(1006);
    waits.push(tester.retry_at! - tester.time);
    tester.pass(waits.at(-1)!);
    assert.equal(tester.open_sockets, 1);
  }
  assert.deepEqual(waits, [1200, 2200, 4200, 8200, 16_200, 30_200, 30_200, 30_200, 30_200]);
  tester.chance = 0;
  tester.socket.end(1006);
  assert.equal(tester.retry_at! - tester.time, 200);
});

test("only a stable connection resets the backoff", () => {
  const tester = new LinkTester();
  tester.chance = 1;
  tester.live();
  for (let attempt = 0; attempt < 4; attempt += 1) {
    tester.socket.end(1012);
    tester.pass(60_000);
    tester.socket.receive({ type: "snapshot", epoch: "a", seq: 1, data: [] });
  }
  for (let second = 0; second < 12; second += 1) {
    tester.pass(1000);
    tester.socket.receive({ type: "hb", epoch: "a", seq: 2 + second });
  }
  tester.socket.end(1012);
  assert.equal(tester.retry_at! - tester.time, 1200);
});

test("close code 1013 waits longer, and 1008 stops the attempts", () => {
  const tester = new LinkTester();
  tester.chance = 0;
  tester.live();
  tester.socket.end(1013);
  assert.equal(tester.retry_at! - tester.time, 5000);
  const refused = new LinkTester();
  refused.live().end(1008);
  refused.pass(600_000);
  assert.deepEqual(refused.states, ["live", "refused"]);
  assert.equal(refused.sockets.length, 1);
});

test("a silent server gets a ping after 10 s, and the connection is closed after 15 s", () => {
  const tester = new LinkTester();
  const socket = tester.live();
  tester.pass(10_000);
  assert.deepEqual(socket.sent, []);
  tester.pass(1000);
  assert.deepEqual(socket.sent, ["ping"]);
  tester.pass(3900);
  assert.deepEqual(tester.states, ["live"]);
  tester.pass(1100);
  assert.deepEqual(tester.states, ["live", "lost"]);
  assert.equal(socket.closed, true);
});

test("a pong keeps the connection open", () => {
  const tester = new LinkTester();
  const socket = tester.live();
  tester.pass(11_000);
  socket.onmessage?.({ data: "pong" });
  tester.pass(9000);
  assert.deepEqual(tester.states, ["live"]);
});

test("a connection without any message is closed too", () => {
  const tester = new LinkTester();
  tester.link.start();
  tester.pass(16_000);
  assert.deepEqual(tester.states, ["lost"]);
});

test("messages of a closed connection are ignored", () => {
  const tester = new LinkTester();
  const old = tester.live();
  tester.pass(16_000);
  const received = tester.received.length;
  old.receive(heartbeat(2));
  assert.equal(tester.received.length, received);
});

test("a page hidden for five minutes is suspended, and reconnects when it is shown", () => {
  const tester = new LinkTester();
  const socket = tester.live();
  tester.link.hidden(true);
  for (let seq = 2; seq < 64; seq += 1) {
    tester.pass(5000);
    socket.receive(heartbeat(seq));
  }
  assert.deepEqual(tester.states, ["live", "suspended"]);
  assert.equal(tester.open_sockets, 0);
  tester.link.hidden(false);
  assert.equal(tester.open_sockets, 1);
});

test("a wall display is never suspended", () => {
  const tester = new LinkTester(true);
  const socket = tester.live();
  tester.link.hidden(true);
  for (let seq = 2; seq < 100; seq += 1) {
    tester.pass(5000);
    socket.receive(heartbeat(seq));
  }
  assert.deepEqual(tester.states, ["live"]);
});

test("the silence is checked as soon as a sleeping machine wakes", () => {
  const tester = new LinkTester();
  tester.live();
  tester.link.hidden(true);
  tester.sleep(60_000);
  tester.link.hidden(false);
  assert.deepEqual(tester.states, ["live", "lost"]);
});

test("try_now() connects at once, and only once", () => {
  const tester = new LinkTester();
  tester.live().end(1006);
  tester.link.try_now();
  tester.link.try_now();
  assert.equal(tester.open_sockets, 1);
  tester.pass(2000);
  assert.equal(tester.sockets.length, 2);
});

test("a stopped link makes no attempts", () => {
  const tester = new LinkTester();
  tester.live().end(1006);
  tester.link.stop();
  tester.pass(600_000);
  assert.equal(tester.sockets.length, 1);
});
