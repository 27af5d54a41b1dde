import assert from "node:assert/strict";
import { test } from "node:test";
import { help_of, is_named, named_text } from "../src/lib/alarm-help";
import type { AlarmPoint, PlantEvent } from "../src/lib/types";

const event = (code: string, args: Record<string, unknown> = {}): PlantEvent => ({
  id: 1, device_id: 7, site_id: 1, site_code: "MKZ", kind: "alarm", priority: 1, code, args, state: "active", onset: "2026-02-17T14:30:00.123Z",
  onset_at_latest: false, returned_at: null, acknowledged_at: null, acknowledged_by: null,
});
const low_oil = event("alarm:shutdown.low_oil_pressure", { text_en: "Low oil pressure", text_ru: "Низкое давление масла" });

test("an alarm by name has the text that its event has brought", () => {
  assert.equal(named_text(low_oil, "en"), "Low oil pressure");
  assert.equal(named_text(low_oil, "ru"), "Низкое давление масла");
  assert.equal(named_text(event("alarm:shutdown.low_oil_pressure"), "en"), null);
  assert.equal(named_text(event("alarm_shutdown", { text_en: "x" }), "en"), null);
});

test("the help of an alarm is that of its point in the register map", () => {
  const place = { class: "shutdown", table: "holding" as const, address: 2, mask: 1 << 13, value: null, confirmed: true, label: { en: "", ru: "" } };
  const points: AlarmPoint[] = [
    { ...place, code: "alarm:warning.low_oil_pressure", help: { en: "other", ru: "" } },
    { ...place, code: "alarm:shutdown.low_oil_pressure", help: { en: "Add oil.", ru: "Долейте масло." } },
  ];
  assert.equal(help_of(low_oil, points)?.ru, "Долейте масло.");
  assert.equal(help_of(low_oil, undefined), null);
  assert.equal(help_of(low_oil, []), null);
  assert.equal(is_named(event("device_offline")), false);
});
