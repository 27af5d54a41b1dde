import assert from "node:assert/strict";
import { test } from "node:test";
import { body_of, changes_of, form_of, number_or_text } from "../src/lib/device-form";
import { device } from "./builders";

test("numbers may have a comma or a point, an empty field is null, and other text is sent unchanged", () => {
  assert.deepEqual(["", " ", "2", "1,5", "1.5", "-3", "abc", "1 000"].map(number_or_text), [null, null, 2, 1.5, 1.5, -3, "abc", "1 000"]);
});

test("an edit sends only the changed fields", () => {
  const known = device(1, { poll_interval: 2, rated_power_kw: 200, nominal_voltage: null, battery_voltage: null, description: null });
  const form = form_of(known, null, new Map());
  assert.deepEqual(changes_of(known, body_of(form, true)), {});
  form.name = " Genset 1 ";
  form.poll_interval = "";
  assert.deepEqual(changes_of(known, body_of(form, true)), { name: "Genset 1", poll_interval: null });
});

test("an empty connect delay is 0", () => {
  const form = form_of(device(1), null, new Map());
  assert.equal(form.connect_delay, "0");
  form.connect_delay = " ";
  assert.equal(body_of(form, true).connect_delay, 0);
  form.connect_delay = "1,5";
  assert.equal(body_of(form, true).connect_delay, 1.5);
});

test("ratings are not sent to a server that does not support them", () => {
  const body = body_of(form_of(device(1), null, new Map()), false);
  assert.ok(!("rated_power_kw" in body));
  assert.equal(body.slave_id, 1);
});
