import assert from "node:assert/strict";
import { test } from "node:test";
import { length_of, note_of, with_note } from "../src/lib/alarm-notes";
import type { Site } from "../src/lib/types";

const site: Site = { id: 1, name: "MKZ", code: "MKZ", network: "", description: "", is_active: true, alarm_notes: { alarm_shutdown: "Call Anna" } };

test("the note of an alarm is that of its site and code; no note is an empty text", () => {
  assert.equal(note_of(site, "alarm_shutdown"), "Call Anna");
  assert.equal(note_of(site, "alarm_warning"), "");
  assert.equal(note_of({ ...site, alarm_notes: null }, "alarm_shutdown"), "");
  assert.equal(note_of(undefined, "alarm_shutdown"), "");
});

test("a change of one note keeps all others", () => {
  const notes = { alarm_shutdown: "Call Anna", "alarm:shutdown.low_oil_pressure": "Oil is in the shed" };
  assert.deepEqual(with_note(notes, "alarm_shutdown", " Call Boris\nat night \n"), { ...notes, alarm_shutdown: "Call Boris\nat night" });
  assert.deepEqual(with_note(notes, "device_offline", "Restart the router"), { ...notes, device_offline: "Restart the router" });
  assert.deepEqual(with_note(notes, "alarm_shutdown", " \n"), { "alarm:shutdown.low_oil_pressure": "Oil is in the shed" });
  assert.deepEqual(notes.alarm_shutdown, "Call Anna", "the known notes are not changed");
});

test("a site without notes has null", () => {
  assert.equal(with_note({ alarm_shutdown: "x" }, "alarm_shutdown", ""), null);
  assert.equal(with_note(null, "alarm_shutdown", ""), null);
  assert.deepEqual(with_note(undefined, "alarm_shutdown", "x"), { alarm_shutdown: "x" });
});

test("the length of a note is in characters, as the server counts", () => {
  assert.equal(length_of("Масло"), 5);
  assert.equal(length_of("🛢🛢"), 2);
});
