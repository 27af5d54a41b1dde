// The clocks of the server and of the browser's computer are set while the page is open. Devices that are read stay live, others become stale.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { running_genset } from "./controller.js";
import { expect_text, set_up } from "./fixture.js";
import { gensetd } from "./paths.js";

const hour = 3600;
const day = 24 * hour;
const folder = mkdtempSync(join(tmpdir(), "gensetd-clock-"));
after(() => rmSync(folder, { recursive: true, force: true }));

// tests/e2e/wall_clock.c shifts the wall clock of the server by the nanoseconds in the file. The monotonic clock does not change.
const library = join(dirname(gensetd), "libwall_clock.so");
const file = join(folder, "clock");
writeFileSync(file, Buffer.alloc(8));
const open_file = openSync(file, "r+");
const environment = { LD_PRELOAD: library, WALL_CLOCK: file };
function set_server_clock(seconds) {
  const offset = Buffer.alloc(8);
  offset.writeBigInt64LE(BigInt(seconds) * 1_000_000_000n);
  writeSync(open_file, offset, 0, 8, 0);
}

const fixture = set_up(async (programs) => {
  assert.ok(existsSync(library), `build ${library}`);
  set_server_clock(0);
  const daemon = await programs.daemon({ MODBUS_TIMEOUT: "0.5", ...environment });
  const [read, silent] = await programs.controllers(running_genset(), running_genset());
  const site = await daemon.add_site("MKZ");
  const read_id = await daemon.add_device(site, "Read", read);
  const silent_id = await daemon.add_device(site, "Silent", silent, { offline_after: 1000 });
  await daemon.online(read_id, silent_id);
  return { daemon, silent, read_id, silent_id };
});

const row = (id, quality) => `.device-row[data-device="${id}"][data-quality="${quality}"]`;
const time_shown = (seconds) => new Intl.DateTimeFormat("ru-RU", { timeZone: "Europe/Moscow", timeStyle: "medium" }).format(Date.now() + 1000 * seconds);

// Opens a page whose Date a test shifts by set_clock(milliseconds).
async function open_with_settable_clock() {
  const opened = await fixture.open("#/nowhere");
  await opened.page.addInitScript(() => {
    const Real = Date;
    let offset_ms = 0;
    globalThis.set_clock = (by_ms) => (offset_ms = by_ms);
    globalThis.Date = class extends Real {
      constructor(...given) {
        super(...(given.length === 0 ? [Real.now() + offset_ms] : given));
      }
      static now() {
        return Real.now() + offset_ms;
      }
    };
  });
  await opened.page.goto(`${fixture.daemon.url}/?clock#/`);
  return opened;
}

for (const [name, seconds] of [["an hour back", -hour], ["a fortnight back", -14 * day], ["200 days ahead", 200 * day]]) {
  test(`the server's clock is set ${name}`, async () => {
    const { page, done } = await fixture.open("#/");
    for (const id of [fixture.read_id, fixture.silent_id]) await page.locator(row(id, "live")).waitFor();
    set_server_clock(seconds);
    const accepted = () => [-3, -2, -1, 0, 1, 2].map((second) => time_shown(seconds + second));
    const deadline = Date.now() + 30000;
    while (!accepted().includes(await page.locator("time.clock").innerText())) assert.ok(Date.now() < deadline, "the page shows the server's new time");
    for (const id of [fixture.read_id, fixture.silent_id]) await page.locator(row(id, "live")).waitFor();
    fixture.silent.silent = true;
    await expect_text(page, `${row(fixture.silent_id, "stale")} .stale-text`, /^Устарело \d+ с$/);
    set_server_clock(0);
    await expect_text(page, `${row(fixture.silent_id, "stale")} .stale-text`, /^Устарело \d+ с$/);
    await page.locator(row(fixture.read_id, "live")).waitFor();
    fixture.silent.silent = false;
    await page.locator(row(fixture.silent_id, "live")).waitFor();
    await done();
  });
}

for (const [name, seconds] of [["a fortnight back", -14 * day], ["an hour ahead", hour]]) {
  test(`the computer's clock is set ${name} while the page is open`, async () => {
    const { page, done } = await open_with_settable_clock();
    for (const id of [fixture.read_id, fixture.silent_id]) await page.locator(row(id, "live")).waitFor();
    fixture.daemon.signal("SIGSTOP"); // so that no message corrects the page
    try {
      await page.evaluate((milliseconds) => globalThis.set_clock(milliseconds), 1000 * seconds);
      await page.locator(row(fixture.read_id, "stale")).waitFor();
    } finally {
      fixture.daemon.signal("SIGCONT");
    }
    for (const id of [fixture.read_id, fixture.silent_id]) await page.locator(row(id, "live")).waitFor();
    await done();
  });
}
