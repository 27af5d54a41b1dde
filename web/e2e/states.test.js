// What a value looks like when it is there, when it is not, and when nobody knows: made to happen, and looked at.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bus_carries, genset, mains_lost, running_genset, switchboard } from "./controller.js";
import { expect_text, go, picture, stage, style, value } from "./frame.js";
import { wait_until } from "./programs.js";

const scene = stage(async (programs) => {
  const daemon = await programs.daemon({ EVENTS_OFFLINE_DELAY: "1", MODBUS_TIMEOUT: "0.5" });
  const [set, board, silent, lost] = await programs.controllers(
    running_genset({ current_b: 0 }), switchboard({ ...mains_lost, ...bus_carries }), genset({ fuel_level: null }), running_genset());
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

test("a sensor that is not connected is a dash, nothing is a zero, and neither is taken for the other", async () => {
  const { page, done } = await scene.open(`#/device/${scene.set_id}`);
  await expect_text(page, '.val[data-field="current_b"] > .number', "0,0");
  await expect_text(page, '.val[data-field="current_earth"] > .number', "—");
  assert.equal(await value(page, "current_earth").getAttribute("aria-label"), "нет данных");
  assert.equal(await value(page, "current_earth").getAttribute("title"), "датчик не подключён или нет данных");
  await expect_text(page, '.val[data-field="current_earth"] > .unit', "А");
  scene.set.set({ current_b: null, current_earth: 0, coolant_temp: null });
  await expect_text(page, '.val[data-field="current_b"] > .number', "—");
  await expect_text(page, '.val[data-field="current_earth"] > .number', "0,0");
  await expect_text(page, '.val[data-field="coolant_temp"] > .number', "—");
  assert.equal(await page.locator('.val[data-field="coolant_temp"] .pointer').count(), 0, "a bar without a value has no pointer");
  assert.equal(await page.locator('.val[data-field="load_pct"] .pointer').count(), 1);
  scene.set.set({ current_b: 0, current_earth: null, coolant_temp: 84 });
  await done();
});

test("values, units, names and run time are shown as they are", async () => {
  const { page, done } = await scene.open(`#/device/${scene.set_id}`);
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

test("a limit that was crossed is marked by colour, shape and words", async () => {
  const { page, done } = await scene.open(`#/device/${scene.set_id}`);
  scene.set.set({ coolant_temp: 97 });
  await expect_text(page, '.val.outside[data-field="coolant_temp"] > .number', "▲97");
  assert.equal(await value(page, "coolant_temp").getAttribute("title"), "предел 70…95");
  scene.set.set({ coolant_temp: 84 });
  await expect_text(page, '.val[data-field="coolant_temp"] > .number', "84");
  await done();
});

test("a status code that no table has is told by its number", async () => {
  const { page, done } = await scene.open("#/");
  scene.set.set({ gen_status: 17 });
  await expect_text(page, `${row(scene.set_id)} .state-text`, "код 17");
  scene.set.set({ gen_status: 9 });
  await expect_text(page, `${row(scene.set_id)} .state-text`, "Работа");
  await done();
});

test("a breaker of unknown position is dashed, with a question mark and the word", async () => {
  const { page, done } = await scene.open(`#/site/${scene.site}`);
  const breaker = '[data-breaker="QF2"]';
  await page.locator(`${breaker}[data-state="closed"]`).waitFor(); // it is unknown before the first reading, too
  scene.board.set({ busbar_switch: 9 });
  await page.locator(`${breaker}[data-state="unknown"][aria-label="QF2: код 9"]`).waitFor();
  await expect_text(page, `${breaker} .question`, "?");
  assert.notEqual(await style(page, `${breaker} .body`, "stroke-dasharray"), "none");
  await page.locator('[data-situation="unknown"]').waitFor();
  await expect_text(page, "[data-load]", "— кВт");
  await picture(page, "unknown-breaker");
  scene.board.set({ busbar_switch: 3 });
  await page.locator(`${breaker}[data-state="closed"]`).waitFor();
  await done();
});

test("stale: the last values greyed and hatched, with their age, and no figure looks of now", async () => {
  scene.silent.silent = true;
  const { page, done } = await scene.open("#/");
  await expect_text(page, `${row(scene.silent_id)}[data-quality="stale"] .stale-text`, /^Устарело \d+ с$/);
  assert.match(await style(page, `${row(scene.silent_id)} .power`, "background-image"), /repeating-linear-gradient/);
  assert.equal(await style(page, `${row(scene.silent_id)} .fuel .number`, "background-image"), "none", "a dash is no old value");
  await expect_text(page, '[data-kpi="kpi_stale"] .figure', "1");
  assert.match(await style(page, '[data-kpi="kpi_running"] .figure', "background-image"), /repeating-linear-gradient/);
  await go(page, `#/device/${scene.silent_id}`);
  await page.locator('[data-quality="stale"]').waitFor();
  await expect_text(page, '.val[data-field="mains_uab"] > .number', "398,5");
  assert.match(await style(page, '.val[data-field="mains_uab"] > .number', "background-image"), /repeating-linear-gradient/);
  await expect_text(page, ".device-head .age", /^○ \d+ с$/);
  await expect_text(page, ".device-error", /no answer within 0.5 s/);
  await go(page, `#/site/${scene.site}`);
  await expect_text(page, ".stale-text", "данные устарели: 1");
  await page.locator(".breaker.old .hatch").first().waitFor();
  assert.match(await style(page, ".situation", "background-image"), /repeating-linear-gradient/);
  await picture(page, "stale");
  scene.silent.silent = false;
  await go(page, "#/");
  await page.locator(`${row(scene.silent_id)}[data-quality="live"]`).waitFor();
  await done();
});

test("offline: dashes everywhere, what happened, and since when; the last values only when asked for", async () => {
  const { page, done } = await scene.open(`#/device/${scene.lost_id}`);
  await expect_text(page, '.val[data-field="gen_uab"] > .number', "400,2");
  await scene.lost.stop();
  await page.locator('.device-head[data-quality="offline"]').waitFor();
  for (const field of ["gen_uab", "power_total", "run_hours", "mode_auto"]) await expect_text(page, `.val[data-field="${field}"] .number`, "—");
  await expect_text(page, ".device-error", /Порт закрыт: проверьте адрес.*connection refused/);
  await expect_text(page, ".offline-note", /^последние данные \d\d:\d\d:\d\d \(\d+ с\) Показать последние$/);
  await page.locator(".offline-note button").click();
  await expect_text(page, '.val[data-field="gen_uab"] > .number', "400,2");
  assert.match(await style(page, '.val[data-field="gen_uab"] > .number', "background-image"), /repeating-linear-gradient/);
  await expect_text(page, ".offline-note strong", "Показаны последние известные значения, не текущие");
  await picture(page, "offline-last");
  await go(page, "#/");
  await expect_text(page, `${row(scene.lost_id)} .badge.p4`, /^4 Нет связи \d+ с$/);
  await expect_text(page, `${row(scene.lost_id)} .power`, "— кВт");
  await done();
});

test("a loss is one alarm, after its delay, and gone when the device is back", async () => {
  const alarms = async () => (await scene.daemon.ask("GET", "/api/alarms")).alarms.filter((alarm) => alarm.device_id === scene.lost_id);
  await wait_until(async () => (await alarms()).length === 1, "the alarm");
  const { page, done } = await scene.open("#/alarms");
  await page.locator('tr[data-alarm="device_offline"]').first().waitFor();
  const told = page.locator("tr", { hasText: "MKZ / Lost" });
  assert.equal(await told.count(), 1);
  await scene.lost.start();
  await wait_until(async () => (await told.getAttribute("data-state")) === "returned", "the alarm gone");
  await done();
});

test("a device that was never read and one out of use say so, and have no values", async () => {
  const { page, done } = await scene.open("#/");
  await page.locator(`${row(scene.never_id)}[data-quality="never"]`).waitFor();
  await expect_text(page, `${row(scene.never_id)} .badge.p4`, "4 Нет связи");
  await expect_text(page, `${row(scene.unused_id)} .state`, "Выведено");
  assert.equal(await style(page, row(scene.unused_id), "font-style"), "italic");
  await expect_text(page, '[data-kpi="kpi_running"] .figure', /^\d\/4$/);
  await go(page, `#/device/${scene.never_id}`);
  await expect_text(page, ".offline-note", "данных ещё не было");
  await expect_text(page, '.val[data-field="gen_uab"] > .number', "—");
  await done();
});

test("a set that is not in AUTO stands out", async () => {
  const { page, done } = await scene.open("#/");
  scene.set.set({ mode_auto: false, mode_manual: true });
  await expect_text(page, `${row(scene.set_id)} .chip.unusual`, "РУЧН");
  scene.set.set({ mode_auto: true, mode_test: true, mode_manual: false });
  await expect_text(page, `${row(scene.set_id)} .chip.unusual`, "АВТО+ТЕСТ");
  scene.set.set({ mode_test: false });
  await page.locator(`${row(scene.set_id)} .chip`).waitFor({ state: "detached" });
  await done();
});

test("a device that is removed or added comes and goes without a reload", async () => {
  const { page, done } = await scene.open("#/");
  const added = await scene.daemon.add_device(scene.site, "Added", scene.set);
  await page.locator(`${row(added)}[data-quality="live"]`).waitFor();
  await scene.daemon.ask("DELETE", `/api/devices/${added}`);
  await page.locator(row(added)).waitFor({ state: "detached" });
  await done();
});
