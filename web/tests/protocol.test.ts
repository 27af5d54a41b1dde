import assert from "node:assert/strict";
import { test } from "node:test";
import { parse_message, Sequence, type Message } from "../src/lib/protocol";

const snapshot = (seq: number, epoch = "a"): Message => ({ type: "snapshot", epoch, seq, data: [] });
const heartbeat = (seq: number, epoch = "a"): Message => ({ type: "hb", epoch, seq });

function accepted(...messages: Message[]): boolean[] {
  const sequence = new Sequence();
  return messages.map((message) => sequence.accept(message));
}

test("consecutive messages are accepted", () => assert.deepEqual(accepted(snapshot(7), heartbeat(8), heartbeat(9)), [true, true, true]));
test("a gap is detected and lasts until a snapshot", () =>
  assert.deepEqual(accepted(snapshot(7), heartbeat(9), heartbeat(10), snapshot(11), heartbeat(12)), [true, false, false, true, true]));
test("a repeated message is detected", () => assert.deepEqual(accepted(snapshot(7), heartbeat(8), heartbeat(8)), [true, true, false]));
test("a restart of the server is detected, whatever its seq", () =>
  assert.deepEqual(accepted(snapshot(7), heartbeat(8, "b"), snapshot(1, "b"), heartbeat(2, "b")), [true, false, true, true]));
test("no message is accepted before the first snapshot", () => assert.deepEqual(accepted(heartbeat(1)), [false]));
test("a message without seq is accepted and does not change the sequence", () =>
  assert.deepEqual(accepted(snapshot(7), { type: "error", code: "bad", message: "" }, heartbeat(8)), [true, true, true]));

test("in the default protocol a bare reading is a batch of one", () => {
  const message = parse_message('{"device_id":3,"online":true}');
  assert.deepEqual(message, { type: "batch", data: [{ device_id: 3, online: true }] });
});

for (const text of [
  "", "pong", "{", "null", "7", "[]", '{"type":"news"}', '{"type":"batch"}', '{"type":"batch","data":[{}]}',
  '{"type":"snapshot","data":[null]}', '{"type":"removed"}', '{"type":"event"}', '{"online":true}',
])
  test(`an invalid message is ignored: ${text}`, () => assert.equal(parse_message(text), null));
