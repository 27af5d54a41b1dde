// The page shows a profile whose fields have other names, and the same roles, as it shows the original.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { busbar_on_gensets, mains_lost, running_genset, switchboard } from "./controller.js";
import { expect_text, set_up } from "./fixture.js";
import { source } from "./paths.js";

const folder = mkdtempSync(join(tmpdir(), "gensetd-renamed-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const described = JSON.parse(readFileSync(join(source, "tests/e2e/golden/profiles.json"), "utf8"));

// Writes the copy, in format 2 with stated roles; returns the new names of its fields.
function rename(profile) {
  const { fields, code_tables } = described.find((one) => one.name === profile);
  const names = new Map(fields.map((field, index) => [field.name, `value_${index}`]));
  const keys = `format = 2\nword_order = "low_first"\nno_data = { u16 = "from_32000", i16 = "from_32000", u32 = "marker", i32 = "marker" }`;
  let text = readFileSync(join(source, "profiles", `${profile}.toml`), "utf8").replace(/^name = ".*"$/m, `name = "${profile}_renamed"\n${keys}`);
  for (const { name, role } of fields) {
    const stated = role ? ` role = "${role}",` : "";
    text = text.replace(new RegExp(`\\{ name = "${name}",(?=\\s+address)`), `{ name = "${names.get(name)}",${stated}`);
  }
  const parts = text.split("[[code_tables]]");
  const with_meanings = (part, { codes }) => codes.reduce((out, { key, means }) => out.replace(`key = "${key}",`, `key = "${key}", means = "${means}",`), part);
  const tables = parts.slice(1).map((part, index) => with_meanings(part, code_tables[index]));
  writeFileSync(join(folder, `${profile}.toml`), [parts[0], ...tables].join("[[code_tables]]"));
  return names;
}

const genset_names = rename("hgm9520n");
rename("hgm9560");

const fixture = set_up(async (programs) => {
  const daemon = await programs.daemon({ PROFILES: folder });
  const alarms = { mode_auto: false, mode_manual: true, alarm_common: true, alarm_warning: true, alarm_count: 2 };
  const [set, board] = await programs.controllers(running_genset(alarms), switchboard({ ...mains_lost, ...busbar_on_gensets }));
  const sites = [];
  for (const [code, suffix] of [["ORIG", ""], ["COPY", "_renamed"]]) {
    const site = await daemon.add_site(code);
    const set_id = await daemon.add_device(site, "Genset", set, { profile: `hgm9520n${suffix}` });
    const board_id = await daemon.add_device(site, "Switchboard", board, { profile: `hgm9560${suffix}` });
    await daemon.online(set_id, board_id);
    sites.push({ code, site, set_id, board_id });
  }
  return { daemon, set, board, sites };
});

// The texts of an element, also those of its diagrams, without the parts that differ by time and place.
async function texts(page, selector, { code, site, set_id, board_id }) {
  await page.locator(selector).first().waitFor();
  const text = await page.locator(selector).first().evaluate((element) => {
    const labels = [...element.querySelectorAll("svg [aria-label]")].map((part) => part.getAttribute("aria-label"));
    return [element.innerText, ...[...element.querySelectorAll("svg")].map((one) => one.textContent), ...labels].join(" ");
  });
  const paths = [site, set_id, board_id].reduce((out, id) => out.replaceAll(`/${id}`, ""), text.replaceAll(code, "SITE"));
  return paths.replace(/[●○]\s*\d+ с/g, "").replace(/\d+ с(?=\s|$)/g, "").replace(/\s+/g, " ");
}

// Opens the page of each site and compares what it shows; the copy is compared again until its readings are the same.
async function compare(hash_of, selector, expected) {
  const pages = [];
  for (const one of fixture.sites) pages.push({ one, ...(await fixture.open(hash_of(one))) });
  for (const { page, one } of pages) await expect_text(page, typeof expected.in === "function" ? expected.in(one) : expected.in, expected.text);
  const [original, copy] = await Promise.all(pages.map(({ page, one }) => texts(page, selector(one), one)));
  assert.ok(original.length > expected.length, original);
  assert.equal(copy, original);
  for (const { done } of pages) await done();
}

test("the card of the site on the fleet page", () => {
  const card = ({ site }) => `.site-card[data-site="${site}"]`;
  return compare(() => "#/", card, { in: (one) => `${card(one)} .device-row .power`, text: /114/, length: 60 });
});

test("the diagram and the values of the site", () =>
  compare(({ site }) => `#/site/${site}`, () => ".site-layout", { in: ".values-panel .val .number", text: /^0$/, length: 400 }));

test("the values of the genset", () =>
  compare(({ set_id }) => `#/device/${set_id}`, () => ".device-layout .groups", { in: ".group-power .val .number", text: "114,3", length: 700 }));

test("the state of the genset", () =>
  compare(({ set_id }) => `#/device/${set_id}`, () => ".device-head .now", { in: ".device-head .state", text: "Работа", length: 20 }));

test("the values of the switchboard", () =>
  compare(({ board_id }) => `#/device/${board_id}`, () => ".device-layout .groups", { in: ".group-busbar .val .number", text: "401", length: 500 }));

test("a change appears on both pages", async () => {
  const pages = [];
  for (const { set_id } of fixture.sites) pages.push(await fixture.open(`#/device/${set_id}`));
  fixture.set.set({ gen_status: 10, power_total: 0, coolant_temp: null });
  for (const { page } of pages) await expect_text(page, ".device-head .state", "Охлаждение");
  await expect_text(pages[1].page, `.val[data-field="${genset_names.get("coolant_temp")}"] > .number`, "—");
  for (const { done } of pages) await done();
});
