// The connection between page and server: lost, frozen, restored, and different clocks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { running_genset, switchboard } from "./controller.js";
import { expect_text, go, picture, set_up } from "./fixture.js";

const fixture = set_up(async (programs) => {
  const daemon = await programs.daemon();
  const [set, board] = await programs.controllers(running_genset(), switchboard());
  const site = await daemon.add_site("MKZ");
  const set_id = await daemon.add_device(site, "Genset", set);
  const board_id = await daemon.add_device(site, "Switchboard", board);
  await daemon.online(set_id, board_id);
  return { daemon, set, site, set_id, board_id };
});

const live = (page) => page.locator('[data-link-state="live"]').waitFor();
const row = (id, quality) => `.device-row[data-device="${id}"]${quality ? `[data-quality="${quality}"]` : ""}`;

test("a lost server is reported and values become stale; after the reconnect removed devices disappear", async () => {
  const { page, done } = await fixture.open("#/");
  const sockets = [];
  page.on("websocket", (socket) => {
    sockets.push(socket);
    socket.on("close", () => sockets.splice(sockets.indexOf(socket), 1));
  });
  const removed = await fixture.daemon.add_device(fixture.site, "Removed", fixture.set);
  await page.locator(row(removed, "live")).waitFor();
  await fixture.daemon.end("SIGKILL");
  const killed = Date.now();
  await expect_text(page, '[data-link="lost"] [role="alert"]', /^Нет соединения с сервером с \d\d:\d\d:\d\d: показаны последние данные$/);
  console.log(`# banner after ${Date.now() - killed} ms`);
  await expect_text(page, ".link-state .word", "Нет соединения");
  for (const id of [fixture.set_id, fixture.board_id]) await page.locator(row(id, "stale")).waitFor();
  await picture(page, "server-lost");
  await fixture.daemon.start();
  await fixture.daemon.request("DELETE", `/api/devices/${removed}`);
  const back = Date.now();
  await live(page);
  console.log(`# live ${Date.now() - back} ms after the server`);
  await page.locator('[data-link="lost"]').waitFor({ state: "detached" });
  await page.locator(row(removed)).waitFor({ state: "detached" });
  for (const id of [fixture.set_id, fixture.board_id]) await page.locator(row(id, "live")).waitFor();
  assert.equal(sockets.length, 1, "exactly one connection");
  await done();
});

test("values become stale before a frozen server is reported", async () => {
  const { page, done } = await fixture.open("#/");
  await page.locator(row(fixture.set_id, "live")).waitFor();
  fixture.daemon.signal("SIGSTOP");
  try {
    await page.locator(row(fixture.set_id, "stale")).waitFor();
    assert.equal(await page.locator('[data-link="lost"]').count(), 0);
    await page.locator('[data-link="lost"]').waitFor();
    assert.match(await page.locator(row(fixture.set_id, "stale")).innerText(), /Устарело\s\d+\sс/);
  } finally {
    fixture.daemon.signal("SIGCONT");
  }
  await live(page);
  await page.locator(row(fixture.set_id, "live")).waitFor();
  await done();
});

test("an alarm keeps its colour when the server is lost", async () => {
  const { page, done } = await fixture.open("#/");
  fixture.set.set({ alarm_common: true, alarm_shutdown: true, alarm_count: 1 });
  const badge = `${row(fixture.set_id)} .badge.p1 rect`;
  await page.locator(badge).waitFor();
  const colour = () => page.evaluate((one) => {
    const element = document.querySelector(one);
    let opacity = 1;
    for (let at = element; at; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
    return [getComputedStyle(element).fill, opacity];
  }, badge);
  const before = await colour();
  await fixture.daemon.end("SIGKILL");
  await page.locator('[data-link="lost"]').waitFor();
  await page.locator(row(fixture.set_id, "stale")).waitFor();
  assert.deepEqual(await colour(), before);
  assert.equal(before[1], 1);
  await fixture.daemon.start();
  await live(page);
  fixture.set.set({ alarm_common: false, alarm_shutdown: false, alarm_count: 0 });
  await done();
});

for (const minutes of [10, -10]) {
  test(`a client clock that is ${minutes} min off makes nothing stale, and the page shows the server's time`, async () => {
    const opened = await fixture.open("#/nowhere");
    const { page } = opened;
    await page.addInitScript((offset_ms) => {
      const Real = Date;
      globalThis.Date = class extends Real {
        constructor(...given) {
          super(...(given.length === 0 ? [Real.now() + offset_ms] : given));
        }
        static now() {
          return Real.now() + offset_ms;
        }
      };
    }, minutes * 60000);
    await page.goto(`${fixture.daemon.url}/?clock#/`);
    await page.locator(row(fixture.set_id, "live")).waitFor();
    assert.equal(await page.locator('[data-quality="stale"], [data-quality="offline"]').count(), 0);
    const shown = await page.locator("time.clock").innerText();
    const accepted = [-3, -2, -1, 0, 1, 2].map((second) => new Intl.DateTimeFormat("ru-RU", { timeZone: "Europe/Moscow", timeStyle: "medium" }).format(Date.now() + 1000 * second));
    assert.ok(accepted.includes(shown), `${shown} is none of ${accepted}`);
    await opened.done();
  });
}

test("a page whose component cannot be loaded shows an error, and recovers with the server", async () => {
  const { page, done } = await fixture.open("#/");
  await live(page);
  await go(page, `#/device/${fixture.set_id}`);
  await page.locator('.val[data-field="gen_uab"]').waitFor();
  await fixture.daemon.end("SIGTERM");
  await page.locator('[data-link="lost"]').waitFor();
  await go(page, "#/events");
  await page.locator("main [role=alert]").first().waitFor();
  await fixture.daemon.start();
  await live(page);
  await done();
});
