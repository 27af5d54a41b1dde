import assert from "node:assert/strict";
import { test } from "node:test";
import { parse_kiosk, parse_route } from "../src/lib/route";

test("each address names a page, an invalid one the page unknown", () => {
  assert.deepEqual(parse_route(""), { page: "fleet" });
  assert.deepEqual(parse_route("#/"), { page: "fleet" });
  assert.deepEqual(parse_route("#/site/3"), { page: "site", id: 3 });
  assert.deepEqual(parse_route("#/device/13"), { page: "device", id: 13, part: "values" });
  assert.deepEqual(parse_route("#/device/13/diagnostics?x=1"), { page: "device", id: 13, part: "diagnostics" });
  assert.deepEqual(parse_route("#/alarms"), { page: "alarms" });
  for (const hash of ["#/site", "#/site/0", "#/site/x", "#/site/1/2", "#/device/1/2", "#/nowhere", "#/alarms/1", "#/site/1e3"])
    assert.deepEqual(parse_route(hash), { page: "unknown" }, hash);
});

test("the options of a wall display stand before or after the hash", () => {
  assert.equal(parse_kiosk("", "#/"), null);
  assert.equal(parse_kiosk("?kiosk=0", ""), null);
  assert.deepEqual(parse_kiosk("?kiosk=1", ""), { site: null, rotate_s: null });
  assert.deepEqual(parse_kiosk("", "#/?kiosk=1&site=3&rotate=20"), { site: 3, rotate_s: 20 });
  assert.deepEqual(parse_kiosk("?kiosk=1&rotate=1", ""), { site: null, rotate_s: null }, "an interval below 5 s is ignored");
});
