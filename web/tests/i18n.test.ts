import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fill, preferred_language } from "../src/lib/i18n";
import { en } from "../src/texts/en";
import { ru } from "../src/texts/ru";

const keys = Object.keys(ru) as (keyof typeof ru)[];
const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).sort();

test("both languages have the same texts with the same placeholders", () => {
  assert.deepEqual(Object.keys(en).sort(), [...keys].sort());
  for (const key of keys) {
    assert.deepEqual(placeholders(en[key]), placeholders(ru[key]), key);
    assert.ok(ru[key].trim() !== "" && en[key].trim() !== "", key);
  }
});

test("no English text has Russian letters", () => {
  for (const key of keys) assert.doesNotMatch(en[key], /[а-яё]/i, key);
});

test("each text is used", () => {
  const folder = join(process.env.GENSETD_SOURCE!, "web/src");
  const code = readdirSync(folder, { recursive: true } as never) as unknown as string[];
  const all = code.filter((name) => /\.(svelte|ts)$/.test(name) && !name.includes("texts")).map((name) => readFileSync(join(folder, name), "utf8")).join("\n");
  // Keys such as "group_${…}" are built at run time. All others appear in the code as they are.
  const built_at_run_time = /^(table|input_kind|origin|class|group|health|theme|colours|kind|span|section|event|situation|presence|short|d|link|protocol|nav|view)_|^site_offline$/;
  assert.deepEqual(keys.filter((key) => !built_at_run_time.test(key) && !new RegExp(`["'\`]${key}["'\`]`).test(all)), []);
});

test("a placeholder without a value stays", () => {
  assert.equal(fill("{n} of {m}", { n: 0 }), "0 of {m}");
  assert.equal(fill("{n}", { n: null }), "{n}");
});

test("the language is the stored choice, else that of the browser, else Russian", () => {
  assert.equal(preferred_language("en", ["ru"]), "en");
  assert.equal(preferred_language(null, ["de-DE", "en-GB", "ru"]), "en");
  assert.equal(preferred_language("xx", ["RU-ru"]), "ru");
  assert.equal(preferred_language(null, []), "ru");
});
