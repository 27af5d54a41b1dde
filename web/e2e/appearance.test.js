// Colours, shapes, keyboard, wall display, and size of the page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { genset, running_genset, switchboard } from "./controller.js";
import { expect_text, fraction_of_pixels, go, saturated, set_up } from "./fixture.js";

const fixture = set_up(async (programs) => {
  const daemon = await programs.daemon();
  const [one, two, board] = await programs.controllers(running_genset({ gen_closed: false, power_total: 0 }), genset(), switchboard());
  const site = await daemon.add_site("MKZ");
  const ids = [await daemon.add_device(site, "ДГУ-1", one), await daemon.add_device(site, "ДГУ-2", two), await daemon.add_device(site, "ШПР", board)];
  await daemon.online(...ids);
  return { daemon, one, two, site, ids };
});

const all_live = (page) => page.waitForFunction(() => document.querySelectorAll('.device-row[data-quality="live"]').length === 3);

for (const theme of ["light", "dark"]) {
  test(`a plant without alarms has no saturated colours, an alarm has, ${theme}`, async () => {
    const { page, done } = await fixture.open("#/", { theme, reducedMotion: "reduce" });
    await all_live(page);
    const calm = await fraction_of_pixels(fixture.browser, await page.screenshot(), saturated);
    assert.ok(calm < 0.001, `${calm} of all pixels`);
    fixture.two.set({ alarm_common: true, alarm_shutdown: true, alarm_count: 1 });
    await page.locator(".site-card.h-1").waitFor();
    const card = await fraction_of_pixels(fixture.browser, await page.locator(".site-card").screenshot(), saturated);
    assert.ok(card > 0.001, `${card} of the card`);
    fixture.two.set({ alarm_common: false, alarm_shutdown: false, alarm_count: 0 });
    await page.locator(".site-card.h-1").waitFor({ state: "detached" });
    await done();
  });
}

test("each priority has its own shape", async () => {
  const { page, done } = await fixture.open("#/");
  const shapes = [];
  for (const [bit, priority] of [["alarm_shutdown", 1], ["alarm_block", 2], ["alarm_warning", 3]]) {
    fixture.two.set({ alarm_common: true, [bit]: true });
    const mark = page.locator(`.device-row .badge.p${priority} .mark`);
    await mark.waitFor();
    shapes.push(await mark.evaluate((svg) => svg.firstElementChild.outerHTML));
    assert.equal((await mark.textContent()).trim(), String(priority));
    fixture.two.set({ [bit]: false, alarm_common: false });
    await mark.waitFor({ state: "detached" });
  }
  assert.equal(new Set(shapes).size, 3);
  await done();
});

test("there are no animations with reduced motion", async () => {
  const { page, done } = await fixture.open("#/", { reducedMotion: "reduce" });
  fixture.two.set({ alarm_common: true, alarm_shutdown: true });
  await page.locator(".alarm-strip.p1").waitFor();
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
  fixture.two.set({ alarm_common: false, alarm_shutdown: false });
  await done();
});

test("the keyboard navigates from fleet to site to device and back, and acknowledges an alarm", async () => {
  const { page, done } = await fixture.open("#/");
  await all_live(page);
  const at = () => page.evaluate(() => location.hash);
  const until = (hash) => page.waitForFunction((wanted) => location.hash === wanted, hash);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await until(`#/site/${fixture.site}`);
  await page.locator(".sld a").first().waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await until(`#/device/${fixture.ids[0]}`);
  await page.locator(".device-head").waitFor();
  await page.keyboard.press("]");
  await until(`#/device/${fixture.ids[1]}`);
  await page.keyboard.press("Escape");
  await until(`#/site/${fixture.site}`);
  await page.keyboard.press("Escape");
  await until("#/");
  await page.goBack();
  await page.goBack();
  await until(`#/device/${fixture.ids[1]}`);
  // Two key presses in one turn of the event loop, as on a slow machine: the second one comes before the hashchange event.
  await page.evaluate(() => { for (let i = 0; i < 2; ++i) window.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" })); });
  await until("#/");
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await until("#/alarms");
  const open = page.locator('[data-section="active"] tr[data-alarm], [data-section="returned"] tr[data-alarm]');
  await open.first().waitFor();
  const before = await open.count();
  await page.keyboard.press("a");
  await page.locator("dialog [name=by]").fill("Анна");
  await page.keyboard.press("Enter");
  await page.waitForFunction((count) => document.querySelectorAll('[data-section="active"] tr[data-alarm], [data-section="returned"] tr[data-alarm]').length < count, before);
  const { events } = await fixture.daemon.request("GET", "/api/events?kind=alarm");
  assert.ok(events.some((event) => event.acknowledged_by === "Анна"));
  assert.equal(await at(), "#/alarms");
  await done();
});

test("a wall display has no controls, and shows the site of a critical alarm", async () => {
  const { page, done } = await fixture.open("#/", { search: "?kiosk=1" });
  await all_live(page);
  assert.equal(await page.locator("nav, .filters, .menu-button, input, .actions button").count(), 0);
  fixture.one.set({ alarm_common: true, alarm_shutdown: true });
  await page.waitForFunction((site) => location.hash === `#/site/${site}`, fixture.site);
  await expect_text(page, "h1", "MKZ");
  fixture.one.set({ alarm_common: false, alarm_shutdown: false });
  await done();
});

test("the page has at most 45 kB of initial scripts, 8 kB of styles, and 125 kB in total", async () => {
  const { page, done } = await fixture.open("#/");
  const sizes = new Map();
  page.on("response", async (response) => {
    const length = Number((await response.allHeaders())["content-length"] ?? 0);
    if (response.url().includes("/assets/")) sizes.set(response.url(), length);
  });
  await page.setExtraHTTPHeaders({ "Accept-Encoding": "gzip" });
  await page.reload();
  await all_live(page);
  const sum = (ending) => [...sizes].filter(([url]) => url.endsWith(ending)).reduce((total, [, length]) => total + length, 0);
  const first = [...sizes].filter(([url]) => /\/(index|ru|en)-[^/]*\.js$/.test(url)).reduce((total, [, length]) => total + length, 0);
  assert.ok(first > 0 && first <= 45_000, `${first} bytes of scripts`);
  await page.waitForFunction(() => performance.getEntriesByType("resource").some((one) => one.name.includes("uPlot.esm")));
  await go(page, `#/device/${fixture.ids[0]}`);
  await page.locator(".u-wrap").first().waitFor();
  assert.ok(sum(".css") <= 8_000, `${sum(".css")} bytes of styles`);
  const all = sum(".js") + sum(".css") + sum(".svg");
  assert.ok(all <= 125_000, `${all} bytes`);
  await done();
});

test("files are compressed, cached and have an ETag for each encoding", async () => {
  const get = (path, headers) => fetch(fixture.daemon.url + path, { headers });
  const index = await get("/", { "Accept-Encoding": "gzip" });
  const [, asset] = /src="\.?(\/assets\/[^"]+\.js)"/.exec(await index.text());
  assert.equal(index.headers.get("cache-control"), "no-cache");
  const packed = await get(asset, { "Accept-Encoding": "gzip" });
  const plain = await get(asset, { "Accept-Encoding": "identity" });
  assert.equal(packed.headers.get("content-encoding"), "gzip");
  assert.equal(plain.headers.get("content-encoding"), null);
  assert.equal(packed.headers.get("cache-control"), "public, max-age=31536000, immutable");
  assert.notEqual(packed.headers.get("etag"), plain.headers.get("etag"));
  assert.equal(await packed.text(), await plain.text());
  const again = await get(asset, { "Accept-Encoding": "gzip", "If-None-Match": packed.headers.get("etag") });
  assert.equal(again.status, 304);
});
