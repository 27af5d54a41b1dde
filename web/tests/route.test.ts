import assert from "node:assert/strict";
import { test } from "node:test";
import { parse_kiosk, parse_route } from "../src/lib/route";

test("addresses of pages", () => {
  assert.deepEqual(parse_route(""), { page: "fleet" });
  assert.deepEqual(parse_route("#/"), { page: "fleet" });
  assert.deepEqual(parse_route("#/site/3"), { page: "site", id: 3 });
  assert.deepEqual(parse_route("#/device/13"), { page: "device", id: 13, part: "values" });
  assert.deepEqual(parse_route("#/device/13/diagnostics?x=1"), { page: "device", id: 13, part: "diagnostics" });
  assert.deepEqual(parse_route("#/alarms"), { page: "alarms" });
  for (const hash of ["#/site", "#/site/0", "#/site/x", "#/site/1/2", "#/device/1/2", "#/nowhere", "#/alarms/1", "#/site/1e3"]) assert.deepEqual(parse_route(hash), { page: "unknown" }, hash);
});

test("a wall display is asked for before or behind the hash", () => {
  assert.equal(parse_kiosk("", "#/"), null);
  assert.equal(parse_kiosk("?kiosk=0", ""), null);
  assert.deepEqual(parse_kiosk("?kiosk=1", ""), { site: null, rotate_s: null });
  assert.deepEqual(parse_kiosk("", "#/?kiosk=1&site=3&rotate=20"), { site: 3, rotate_s: 20 });
  assert.deepEqual(parse_kiosk("?kiosk=1&rotate=1", ""), { site: null, rotate_s: null }, "no flicker");
});
