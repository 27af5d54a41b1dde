import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

// Contrast of texts and graphics against their background (WCAG 2.2, 1.4.3 and 1.4.11). axe does not check graphics.
const css = readFileSync(join(process.env.GENSETD_SOURCE!, "web/src/style/theme.css"), "utf8");

function tokens(selector: string): Map<string, string> {
  const begin = css.indexOf("{", css.indexOf(selector));
  return new Map([...css.slice(begin, css.indexOf("}", begin)).matchAll(/--([\w-]+): (#[0-9a-f]{3,6})/g)].map(([, name, value]) => [name!, value!]));
}

function luminance(colour: string): number {
  const hex = colour.length === 4 ? [...colour.slice(1)].map((digit) => digit + digit).join("") : colour.slice(1);
  const [r, g, b] = [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high! + 0.05) / (low! + 0.05);
}

const rules: [string, string, number][] = [
  ["text", "panel", 7], ["text", "bg", 7], ["text", "field", 7], ["muted", "panel", 4.5], ["muted", "bg", 4.5], ["muted", "field", 4.5],
  ["live", "panel", 7], ["dead", "panel", 3], ["accent", "panel", 3], ["accent", "bg", 3],
  ["p1", "panel", 3], ["p2", "panel", 3], ["p3-edge", "panel", 3], ["p4", "panel", 3], ["closed-red", "panel", 3], ["closed-green", "panel", 3],
  ["p1-ink", "p1", 4.5], ["p2-ink", "p2", 4.5], ["p3-ink", "p3", 4.5], ["p4-ink", "p4", 4.5], ["panel", "live", 4.5],
];

for (const [theme, selector] of [["light", ":root {"], ["dark", ':root[data-theme="dark"] {'], ["dark system", ':root[data-theme="auto"]']] as const) {
  test(`colours of the ${theme} theme have enough contrast`, () => {
    const colour = tokens(selector);
    for (const [one, other, least] of rules) {
      const found = contrast(colour.get(one)!, colour.get(other)!);
      assert.ok(found >= least, `--${one} on --${other}: ${found.toFixed(2)}, at least ${least}`);
    }
  });
}

test("the dark theme has the same colours whether the user or the system chose it", () => {
  assert.deepEqual([...tokens(':root[data-theme="auto"]')], [...tokens(':root[data-theme="dark"] {')]);
});
