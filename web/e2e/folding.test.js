// An alarm by name that is not confirmed is below the alarm of its class: one entry of each list, and one in each count.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe_violations, overflow_of } from "./axe.js";
import { running_genset } from "./controller.js";
import { expect_text, go, picture, set_up } from "./fixture.js";
import { wait_until } from "./programs.js";

const low_oil_pressure = { 2: 1 << 13 };
const cause_text = /Низкое давление масла \(регистр 2, бит 13\)/;

const fixture = set_up(async (programs) => {
  const daemon = await programs.daemon();
  const [set] = await programs.controllers(running_genset());
  const site = await daemon.add_site("MKZ");
  const id = await daemon.add_device(site, "ДГУ-1", set);
  await daemon.online(id);
  set.set_registers(low_oil_pressure).set({ alarm_common: true, alarm_shutdown: true, alarm_count: 1 });
  await open_alarms(daemon, 2);
  return { daemon, set, site, id };
});

const open_alarms = (daemon, count) =>
  wait_until(async () => {
    const { alarms } = await daemon.request("GET", "/api/alarms");
    return alarms.length === count ? alarms : null;
  }, `${count} open alarms`);
const entry = 'tr[data-alarm="alarm_shutdown"]';
const cause = '[data-cause="alarm:shutdown.low_oil_pressure"]';

test("strip, counts, fleet page, site and device show one alarm with its likely cause", async () => {
  const { page, done } = await fixture.open("#/");
  await expect_text(page, ".alarm-strip .text", /^Аварийный останов: .* Вероятная причина, не подтверждена: Низкое давление масла \(регистр 2, бит 13\)/);
  assert.equal(await page.locator(".alarm-strip .more").count(), 0);
  await expect_text(page, "nav .count", /1$/);
  await expect_text(page, '[data-kpi="kpi_alarms"] .figure', "1");
  assert.match(await page.title(), /^\(1\) /);
  await picture(page, "folding-fleet");
  for (const hash of [`#/site/${fixture.site}`, `#/device/${fixture.id}`]) {
    await go(page, hash);
    await page.locator(`main [data-event="alarm_shutdown"] ${cause}`).waitFor();
    const alarms = page.locator("main [data-event]:has(> .mark)");
    assert.deepEqual(await alarms.evaluateAll((all) => all.map((one) => one.dataset.event)), ["alarm_shutdown"], hash);
  }
  await expect_text(page, `.device-alarms ${cause}`, cause_text);
  await picture(page, "folding-device");
  await done();
});

for (const language of ["ru", "en"]) {
  test(`a narrow window shows the entry without scrolling sideways, ${language}`, async () => {
    const { page, done } = await fixture.open("#/alarms", { width: 360, height: 780, language });
    await page.locator(`${entry} ${cause}`).waitFor();
    assert.equal(await overflow_of(page), 0);
    assert.deepEqual(await axe_violations(page), []);
    await picture(page, `folding-alarms-360-${language}`);
    await go(page, `#/device/${fixture.id}`);
    await page.locator(`.device-alarms ${cause}`).waitFor();
    assert.equal(await overflow_of(page), 0);
    await picture(page, `folding-device-360-${language}`);
    await done();
  });
}

test("each of both is acknowledged by itself, and the entry stays active until both are", async () => {
  const { page, done } = await fixture.open("#/alarms");
  await page.locator(`[data-section="active"] ${entry} ${cause}`).waitFor();
  assert.equal(await page.locator("tr[data-alarm]").count(), 1);
  await expect_text(page, '[data-section="active"] h2 small', "1");
  await picture(page, "folding-alarms");

  await page.locator(`${entry} td.actions button`).click();
  await expect_text(page, "dialog form p", /Аварийный останов: /);
  await page.locator("dialog [name=by]").fill("Анна");
  await page.keyboard.press("Enter");
  await page.locator(`[data-section="active"] ${entry}[data-state="acknowledged"]`).waitFor();
  await expect_text(page, "nav .count", /1$/);
  assert.equal(await page.locator(`${entry} td.actions button`).count(), 0);
  await go(page, "#/");
  await page.locator(".alarm-strip button").click();
  await expect_text(page, "dialog form p", cause_text);
  await page.keyboard.press("Escape");

  await go(page, "#/alarms");
  await page.locator(`${entry} ${cause} button`, { hasText: "Квитировать" }).click();
  await expect_text(page, "dialog form p", cause_text);
  await page.locator("dialog [name=by]").fill("Анна");
  await page.keyboard.press("Enter");
  await page.locator(`[data-section="acknowledged"] ${entry} ${cause}[data-state="acknowledged"]`).waitFor();
  await expect_text(page, `${entry} ${cause}`, /Анна/);
  assert.equal(await page.locator("nav .count, .alarm-strip").count(), 0);
  await go(page, "#/");
  await expect_text(page, '[data-kpi="kpi_alarms"] .figure', "1");
  await done();
});

test("without the alarm of its class, the name is an entry of its own", async () => {
  const { page, done } = await fixture.open("#/alarms");
  fixture.set.set({ alarm_shutdown: false, alarm_warning: true });
  await page.locator('tr[data-alarm="alarm:shutdown.low_oil_pressure"]').waitFor();
  await page.locator('tr[data-alarm="alarm_warning"]').waitFor();
  assert.equal(await page.locator("[data-cause]").count(), 0);
  fixture.set.set({ alarm_shutdown: true, alarm_warning: false });
  await page.locator(`${entry} ${cause}`).waitFor();
  await done();
});
