import assert from "node:assert/strict";
import { test } from "node:test";
import { parse_message, Sequence, type Message } from "../src/lib/protocol";

const snapshot = (seq: number, epoch = "a"): Message => ({ type: "snapshot", epoch, seq, data: [] });
const heartbeat = (seq: number, epoch = "a"): Message => ({ type: "hb", epoch, seq });

function accepted(...messages: Message[]): boolean[] {
  const sequence = new Sequence();
  return messages.map((message) => sequence.accept(message));
}

test("messages in a row are complete", () => assert.deepEqual(accepted(snapshot(7), heartbeat(8), heartbeat(9)), [true, true, true]));
test("a gap is noticed, and stays until a snapshot", () => assert.deepEqual(accepted(snapshot(7), heartbeat(9), heartbeat(10), snapshot(11), heartbeat(12)), [true, false, false, true, true]));
test("a message twice is noticed", () => assert.deepEqual(accepted(snapshot(7), heartbeat(8), heartbeat(8)), [true, true, false]));
test("another run of the server is noticed, whatever its count", () => assert.deepEqual(accepted(snapshot(7), heartbeat(8, "b"), snapshot(1, "b"), heartbeat(2, "b")), [true, false, true, true]));
test("nothing counts before the first snapshot", () => assert.deepEqual(accepted(heartbeat(1)), [false]));
test("a message without count is not counted", () => assert.deepEqual(accepted(snapshot(7), { type: "error", code: "bad", message: "" }, heartbeat(8)), [true, true, true]));

test("the plain stream is understood: a bare reading is a batch of one", () => {
  const message = parse_message('{"device_id":3,"online":true}');
  assert.deepEqual(message, { type: "batch", data: [{ device_id: 3, online: true }] });
});

for (const text of ["", "pong", "{", "null", "7", "[]", '{"type":"news"}', '{"type":"batch"}', '{"type":"batch","data":[{}]}', '{"type":"snapshot","data":[null]}', '{"type":"removed"}', '{"type":"event"}', '{"online":true}'])
  test(`what is no message is none: ${text}`, () => assert.equal(parse_message(text), null));
