// The page shows a profile whose fields have other names, and the same roles, as it shows the original.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { busbar_on_gensets, mains_lost, running_genset, switchboard } from "./controller.js";
import { expect_text, set_up } from "./fixture.js";
import { source } from "./paths.js";
import { wait_until } from "./programs.js";

const folder = mkdtempSync(join(tmpdir(), "gensetd-renamed-"));
after(() => rmSync(folder, { recursive: true, force: true }));

// Writes the copy; returns the new names of its fields.
function rename(profile) {
  const text = readFileSync(join(source, "profiles", `${profile}.toml`), "utf8");
  const field = /\{ name = "(\w+)",(?=\s+address =\s*\d+, type)/g;
  const names = new Map([...text.matchAll(field)].map(([, name], index) => [name, `value_${index}`]));
  const condition = (list) => list.replace(/"(\w+)(:\w+)?"/g, (_, name, code) => `"${names.get(name)}${code ?? ""}"`);
  const copy = text
    .replace(/^name = ".*"$/m, `name = "${profile}_renamed"`)
    .replace(field, (_, name) => `{ name = "${names.get(name)}",`)
    .replace(/when = \[[^\]]*\]/g, condition);
  writeFileSync(join(folder, `${profile}.toml`), copy);
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

// The texts of an element, also those of its diagrams, without the parts that differ by time and site.
async function texts(page, selector, code) {
  const text = await page.locator(selector).first().evaluate((element) => {
    const labels = [...element.querySelectorAll("svg [aria-label]")].map((part) => part.getAttribute("aria-label"));
    return [element.innerText, ...[...element.querySelectorAll("svg")].map((one) => one.textContent), ...labels].join(" ");
  });
  return text.replaceAll(code, "SITE").replace(/\d\d:\d\d(:\d\d)?/g, "").replace(/[●○]?\s*\d+ с(?=\s|$)/g, "").replace(/\s+/g, " ").trim();
}

// Opens the page of each site and waits until both show the same, with `text` in one place.
async function compare(hash_of, selector, expected) {
  const pages = [];
  for (const one of fixture.sites) pages.push({ one, ...(await fixture.open(hash_of(one))) });
  for (const { page, one } of pages) await expect_text(page, typeof expected.in === "function" ? expected.in(one) : expected.in, expected.text);
  let shown = [];
  await wait_until(async () => {
    shown = await Promise.all(pages.map(({ page, one }) => texts(page, selector(one), one.code)));
    return shown[0] === shown[1];
  }, "the same text on both pages").catch(() => assert.equal(shown[1], shown[0]));
  assert.ok(shown[0].length > expected.length, shown[0]);
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
