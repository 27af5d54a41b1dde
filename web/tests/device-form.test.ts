import assert from "node:assert/strict";
import { test } from "node:test";
import { body_of, changes_of, form_of, number_or_text } from "../src/lib/device-form";
import { device } from "./make";

test("numbers are taken with comma or point; nothing is null; what is no number goes to the server, which says what is allowed", () => {
  assert.deepEqual(["", " ", "2", "1,5", "1.5", "-3", "abc", "1 000"].map(number_or_text), [null, null, 2, 1.5, 1.5, -3, "abc", "1 000"]);
});

test("an edit sends what was changed and nothing else", () => {
  const known = device(1, { poll_interval: 2, rated_power_kw: 200, nominal_voltage: null, battery_voltage: null, description: null });
  const form = form_of(known, null, new Map());
  assert.deepEqual(changes_of(known, body_of(form, true)), {});
  form.name = " Genset 1 ";
  form.poll_interval = "";
  assert.deepEqual(changes_of(known, body_of(form, true)), { name: "Genset 1", poll_interval: null });
});

test("an empty pause after connecting is none", () => {
  const form = form_of(device(1), null, new Map());
  assert.equal(form.connect_delay, "0");
  form.connect_delay = " ";
  assert.equal(body_of(form, true).connect_delay, 0);
  form.connect_delay = "1,5";
  assert.equal(body_of(form, true).connect_delay, 1.5);
});

test("a server that knows no ratings is not told any", () => {
  const body = body_of(form_of(device(1), null, new Map()), false);
  assert.ok(!("rated_power_kw" in body));
  assert.equal(body.slave_id, 1);
});
