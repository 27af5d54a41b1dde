import assert from "node:assert/strict";
import { test } from "node:test";
import { format_age, format_moment, format_number, format_run_time, format_time, with_unit } from "../src/lib/fmt";
import { noon } from "./builders";

test("no data is an em dash and zero is zero", () => {
  for (const nothing of [null, undefined, NaN, Infinity, "12", true]) assert.equal(format_number(nothing, 1, "ru"), "—");
  assert.equal(format_number(0, 1, "ru"), "0,0");
  assert.equal(format_number(0, 0, "en"), "0");
  assert.equal(with_unit(format_number(null, 0, "ru"), "кВт"), "—\u00a0кВт");
});

test("numbers follow the language and the decimals, with a minus sign and no-break spaces", () => {
  assert.equal(format_number(1502, 0, "ru"), "1\u00a0502");
  assert.equal(format_number(1502, 0, "en"), "1,502");
  assert.equal(format_number(-3.45, 1, "ru"), "−3,5");
  assert.equal(format_number(50, 2, "en"), "50.00");
});

test("signed fields carry a plus, and zero none", () => {
  assert.equal(format_number(40.1, 1, "ru", true), "+40,1");
  assert.equal(format_number(-40.1, 1, "en", true), "−40.1");
  assert.equal(format_number(0, 1, "ru", true), "0,0");
});

test("a value that rounds to zero has no minus", () => {
  assert.equal(format_number(-0.04, 1, "ru"), "0,0");
  assert.equal(format_number(-0.04, 1, "en", true), "0.0");
  assert.equal(format_number(-0, 0, "en"), "0");
});

test("an age has one unit", () => {
  const ages: [number | null, string][] = [
    [null, "—"], [0, "0 с"], [119_999, "119 с"], [120_000, "2 мин"], [7_199_000, "119 мин"], [7_200_000, "2 ч"], [172_800_000, "2 сут"],
  ];
  for (const [age, text] of ages) assert.equal(format_age(age, "ru"), text.replace(" ", "\u00a0"));
});

test("times use the 24-hour clock in both languages", () => {
  assert.equal(format_time("2026-01-15T15:16:38.000Z", "time", "ru"), "15:16:38");
  assert.equal(format_time("2026-01-15T15:16:38.000Z", "time", "en"), "15:16:38");
  assert.equal(format_time("2026-01-15T00:05:00.000Z", "minute", "en"), "00:05");
  assert.equal(format_time("nonsense", "time", "en"), "—");
  assert.equal(format_time(null, "time", "ru"), "—");
});

test("a time of another day has its date", () => {
  assert.equal(format_moment("2026-01-15T11:00:00Z", noon, "ru"), "11:00:00");
  assert.equal(format_moment("2026-01-14T11:00:00Z", noon, "ru"), "14.01, 11:00");
  assert.equal(format_moment(null, noon, "ru"), "—");
});

test("running time is hours and two digits of minutes", () => {
  assert.equal(format_run_time(4323, 5, "ru"), "4 323 ч 05 мин".replaceAll(" ", "\u00a0"));
  assert.equal(format_run_time(4323, null, "en"), "4,323 h".replaceAll(" ", "\u00a0"));
  assert.equal(format_run_time(null, 5, "ru"), "—");
});
