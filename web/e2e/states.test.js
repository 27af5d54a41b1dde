// How values look when they are live, missing, out of limits, stale or offline.
import assert from "node:assert/strict";
import { test } from "node:test";
import { busbar_on_gensets, genset, mains_lost, running_genset, switchboard } from "./controller.js";
import { expect_text, go, picture, set_up, style, value } from "./fixture.js";
import { wait_until } from "./programs.js";

const fixture = set_up(async (programs) => {
  const daemon = await programs.daemon({ EVENTS_OFFLINE_DELAY: "1", MODBUS_TIMEOUT: "0.5" });
  const [set, board, silent, lost] = await programs.controllers(
    running_genset({ current_b: 0 }), switchboard({ ...mains_lost, ...busbar_on_gensets }), genset({ fuel_level: null }), running_genset());
  const site = await daemon.add_site("MKZ");
  const set_id = await daemon.add_device(site, "<b>Genset & 1</b>", set, { limits: { coolant_temp: { low: 70, high: 95 } } });
  const board_id = await daemon.add_device(site, "Switchboard", board);
  const silent_id = await daemon.add_device(site, "Silent", silent, { offline_after: 1000 });
  const lost_id = await daemon.add_device(site, "Lost", lost);
  const never_id = await daemon.add_device(site, "Never", { profile: "hgm9520n", port: 1 });
  const unused_id = await daemon.add_device(site, "Unused", { profile: "hgm9520n", port: 1 }, { is_active: false });
  await daemon.online(set_id, board_id, silent_id, lost_id);
  return { daemon, set, board, silent, lost, site, set_id, board_id, silent_id, lost_id, never_id, unused_id };
});

const row = (id) => `.device-row[data-device="${id}"]`;

test("a sensor that is not connected is a dash, and zero is 0", async () => {
  const { page, done } = await fixture.open(`#/device/${fixture.set_id}`);
  await expect_text(page, '.val[data-field="current_b"] > .number', "0,0");
  await expect_text(page, '.val[data-field="current_earth"] > .number', "—");
  assert.equal(await value(page, "current_earth").getAttribute("aria-label"), "нет данных");
  assert.equal(await value(page, "current_earth").getAttribute("title"), "датчик не подключён или нет данных");
  await expect_text(page, '.val[data-field="current_earth"] > .unit', "А");
  fixture.set.set({ current_b: null, current_earth: 0, coolant_temp: null });
  await expect_text(page, '.val[data-field="current_b"] > .number', "—");
  await expect_text(page, '.val[data-field="current_earth"] > .number', "0,0");
  await expect_text(page, '.val[data-field="coolant_temp"] > .number', "—");
  assert.equal(await page.locator('.val[data-field="coolant_temp"] .pointer').count(), 0, "a bar without a value has no pointer");
  assert.equal(await page.locator('.val[data-field="load_pct"] .pointer').count(), 1);
  fixture.set.set({ current_b: 0, current_earth: null, coolant_temp: 84 });
  await done();
});

test("values, units, names and run time are formatted", async () => {
  const { page, done } = await fixture.open(`#/device/${fixture.set_id}`);
  await expect_text(page, '.val[data-field="gen_uab"] > .number', "400,2");
  await expect_text(page, '.val[data-field="reactive_total"] > .number', "+30,5");
  await expect_text(page, '.val[data-field="engine_speed"] > .number', "1 502");
  await expect_text(page, '[data-field="run_minutes"]', "4 323 ч 05 мин");
  await expect_text(page, '.condition[data-field="gen_status"] .number', "Работа");
  await expect_text(page, '.condition[data-field="mode_auto"] .number', "да");
  await expect_text(page, "h1", "MKZ / <b>Genset & 1</b>");
  await page.locator('.languages [lang="en"]').click();
  await expect_text(page, '.val[data-field="engine_speed"] > .number', "1,502");
  await expect_text(page, '.condition[data-field="gen_status"] .number', "Running");
  await expect_text(page, '.condition[data-field="mode_auto"] .number', "yes");
  await done();
});

test("a value outside its limits is marked by colour, shape and text", async () => {
  const { page, done } = await fixture.open(`#/device/${fixture.set_id}`);
  fixture.set.set({ coolant_temp: 97 });
  await expect_text(page, '.val.outside[data-field="coolant_temp"] > .number', "▲97");
  assert.equal(await value(page, "coolant_temp").getAttribute("title"), "предел 70…95");
  fixture.set.set({ coolant_temp: 84 });
  await expect_text(page, '.val[data-field="coolant_temp"] > .number', "84");
  await done();
});

test("a status code without a label is shown by its number", async () => {
  const { page, done } = await fixture.open("#/");
  fixture.set.set({ gen_status: 17 });
  await expect_text(page, `${row(fixture.set_id)} .state-text`, "код 17");
  fixture.set.set({ gen_status: 9 });
  await expect_text(page, `${row(fixture.set_id)} .state-text`, "Работа");
  await done();
});

test("a breaker of unknown position is dashed, with a question mark and a text", async () => {
  const { page, done } = await fixture.open(`#/site/${fixture.site}`);
  const breaker = '[data-breaker="QF2"]';
  await page.locator(`${breaker}[data-state="closed"]`).waitFor(); // before the first reading it is unknown, too
  fixture.board.set({ busbar_switch: 9 });
  await page.locator(`${breaker}[data-state="unknown"][aria-label="QF2: код 9"]`).waitFor();
  await expect_text(page, `${breaker} .question`, "?");
  assert.notEqual(await style(page, `${breaker} .body`, "stroke-dasharray"), "none");
  await page.locator('[data-situation="unknown"]').waitFor();
  await expect_text(page, "[data-load]", "— кВт");
  await picture(page, "unknown-breaker");
  fixture.board.set({ busbar_switch: 3 });
  await page.locator(`${breaker}[data-state="closed"]`).waitFor();
  await done();
});

test("stale: the last values are grey and hatched, with their age, in figures too", async () => {
  fixture.silent.silent = true;
  const { page, done } = await fixture.open("#/");
  await expect_text(page, `${row(fixture.silent_id)}[data-quality="stale"] .stale-text`, /^Устарело \d+ с$/);
  assert.match(await style(page, `${row(fixture.silent_id)} .power`, "background-image"), /repeating-linear-gradient/);
  assert.equal(await style(page, `${row(fixture.silent_id)} .fuel .number`, "background-image"), "none", "a dash is not hatched");
  await expect_text(page, '[data-kpi="kpi_stale"] .figure', "1");
  assert.match(await style(page, '[data-kpi="kpi_running"] .figure', "background-image"), /repeating-linear-gradient/);
  await go(page, `#/device/${fixture.silent_id}`);
  await page.locator('[data-quality="stale"]').waitFor();
  await expect_text(page, '.val[data-field="mains_uab"] > .number', "398,5");
  assert.match(await style(page, '.val[data-field="mains_uab"] > .number', "background-image"), /repeating-linear-gradient/);
  await expect_text(page, ".device-head .age", /^○ \d+ с$/);
  await expect_text(page, ".device-error", /no answer within 0.5 s/);
  await go(page, `#/site/${fixture.site}`);
  await expect_text(page, ".stale-text", "данные устарели: 1");
  await page.locator(".breaker.old .hatch").first().waitFor();
  assert.match(await style(page, ".situation", "background-image"), /repeating-linear-gradient/);
  await picture(page, "stale");
  fixture.silent.silent = false;
  await go(page, "#/");
  await page.locator(`${row(fixture.silent_id)}[data-quality="live"]`).waitFor();
  await done();
});

test("offline: dashes, the error and the time of the last data; last values on request", async () => {
  const { page, done } = await fixture.open(`#/device/${fixture.lost_id}`);
  await expect_text(page, '.val[data-field="gen_uab"] > .number', "400,2");
  await fixture.lost.stop();
  await page.locator('.device-head[data-quality="offline"]').waitFor();
  for (const field of ["gen_uab", "power_total", "run_hours", "mode_auto"]) await expect_text(page, `.val[data-field="${field}"] .number`, "—");
  await expect_text(page, ".device-error", /Порт закрыт: проверьте IP-адрес.*connection refused/);
  await expect_text(page, ".offline-note", /^последние данные \d\d:\d\d:\d\d \(\d+ с\) Показать последние значения$/);
  await page.locator(".offline-note button").click();
  await expect_text(page, '.val[data-field="gen_uab"] > .number', "400,2");
  assert.match(await style(page, '.val[data-field="gen_uab"] > .number', "background-image"), /repeating-linear-gradient/);
  await expect_text(page, ".offline-note strong", "Показаны последние известные значения, не текущие");
  await picture(page, "offline-last");
  await go(page, "#/");
  await expect_text(page, `${row(fixture.lost_id)} .badge.p4`, /^4 Нет связи \d+ с$/);
  await expect_text(page, `${row(fixture.lost_id)} .power`, "— кВт");
  await done();
});

test("an offline device is one alarm after the delay, which returns when the device is back", async () => {
  const alarms = async () => (await fixture.daemon.request("GET", "/api/alarms")).alarms.filter((alarm) => alarm.device_id === fixture.lost_id);
  await wait_until(async () => (await alarms()).length === 1, "the alarm");
  const { page, done } = await fixture.open("#/alarms");
  await page.locator('tr[data-alarm="device_offline"]').first().waitFor();
  const alarm_row = page.locator("tr", { hasText: "MKZ / Lost" });
  assert.equal(await alarm_row.count(), 1);
  await fixture.lost.start();
  await wait_until(async () => (await alarm_row.getAttribute("data-state")) === "returned", "the alarm returned");
  await done();
});

test("a device that was never read and an inactive device are marked and have no values", async () => {
  const { page, done } = await fixture.open("#/");
  await page.locator(`${row(fixture.never_id)}[data-quality="never"]`).waitFor();
  await expect_text(page, `${row(fixture.never_id)} .badge.p4`, "4 Нет связи");
  await expect_text(page, `${row(fixture.unused_id)} .state`, "Выведено");
  assert.equal(await style(page, row(fixture.unused_id), "font-style"), "italic");
  await expect_text(page, '[data-kpi="kpi_running"] .figure', /^\d\/4$/);
  await go(page, `#/device/${fixture.never_id}`);
  await expect_text(page, ".offline-note", "данных ещё не было");
  await expect_text(page, '.val[data-field="gen_uab"] > .number', "—");
  await done();
});

test("a genset that is not in AUTO is emphasised", async () => {
  const { page, done } = await fixture.open("#/");
  fixture.set.set({ mode_auto: false, mode_manual: true });
  await expect_text(page, `${row(fixture.set_id)} .chip.unusual`, "РУЧН");
  fixture.set.set({ mode_auto: true, mode_test: true, mode_manual: false });
  await expect_text(page, `${row(fixture.set_id)} .chip.unusual`, "АВТО+ТЕСТ");
  fixture.set.set({ mode_test: false });
  await page.locator(`${row(fixture.set_id)} .chip`).waitFor({ state: "detached" });
  await done();
});

test("added and removed devices appear and disappear without a reload", async () => {
  const { page, done } = await fixture.open("#/");
  const added = await fixture.daemon.add_device(fixture.site, "Added", fixture.set);
  await page.locator(`${row(added)}[data-quality="live"]`).waitFor();
  await fixture.daemon.request("DELETE", `/api/devices/${added}`);
  await page.locator(row(added)).waitFor({ state: "detached" });
  await done();
});
