// The notes of a site on alarms: shown with the alarm, and written there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe_violations, overflow_of } from "./axe.js";
import { running_genset } from "./controller.js";
import { expect_text, go, picture, set_up } from "./fixture.js";
import { wait_until } from "./programs.js";

const token = "a1b2c3";
const fixture = set_up(async (programs) => {
  const daemon = await programs.daemon({ API_TOKEN: token, READ_TOKEN: "only-reading" });
  const [set] = await programs.controllers(running_genset());
  const site = await daemon.add_site("MKZ");
  const id = await daemon.add_device(site, "ДГУ-1", set);
  await daemon.online(id);
  set.set_registers({ 2: 1 << 13 }).set({ alarm_common: true, alarm_shutdown: true, alarm_count: 1 });
  await wait_until(async () => (await daemon.request("GET", "/api/alarms")).alarms.length === 2, "two alarms");
  return { daemon, site, id };
});

const notes = async () => (await fixture.daemon.request("GET", `/api/sites/${fixture.site}`)).alarm_notes;
const set_notes = (alarm_notes) => fixture.daemon.request("PATCH", `/api/sites/${fixture.site}`, { alarm_notes });
const at = (code, scope = "main") => `${scope} [data-note="${code}"]`;
const named = "alarm:shutdown.low_oil_pressure";

async function open(hash, options = {}) {
  const { page, context, problems } = await fixture.open(hash, options);
  await page.locator("#token").fill(options.token ?? token);
  await page.locator("#token-send").click();
  const done = async () => {
    await context.close();
    assert.deepEqual(problems.filter((text) => !/401|422/.test(text)), []);
  };
  return { page, done };
}

test("a note is added, changed and removed at the alarm, and other notes stay", async () => {
  await set_notes({ device_offline: "Перезагрузить роутер" });
  const { page, done } = await open("#/alarms");
  await expect_text(page, at("alarm_shutdown"), "Добавить заметку");
  await page.locator(`${at("alarm_shutdown")} button`).click();
  await expect_text(page, "dialog form p", /^MKZ: Аварийный останов/);
  await set_notes({ device_offline: "Перезагрузить роутер", site_offline: "Позвонить провайдеру" }); // by another user
  await page.locator("dialog [name=note]").fill(" Звонить Анне:\n+7 900 000-00-00 ");
  await picture(page, "notes-dialog");
  await page.locator("dialog button.primary").click();
  await expect_text(page, `${at("alarm_shutdown")} p`, "Заметка площадки: Звонить Анне: +7 900 000-00-00");
  assert.deepEqual(await notes(), {
    alarm_shutdown: "Звонить Анне:\n+7 900 000-00-00", device_offline: "Перезагрузить роутер", site_offline: "Позвонить провайдеру",
  });
  await page.locator(`${at(named)} button`).click();
  await page.locator("dialog [name=note]").fill("Масло в гараже");
  await page.locator("dialog button.primary").click();
  await expect_text(page, `${at(named)} p`, "Заметка площадки: Масло в гараже");
  await picture(page, "notes-alarms");
  await page.locator(`${at("alarm_shutdown")} button`).click();
  await page.locator("dialog button.danger").click();
  await page.locator(`${at("alarm_shutdown")} p`).waitFor({ state: "detached" });
  assert.deepEqual(Object.keys(await notes()).sort(), [named, "device_offline", "site_offline"]);
  await done();
});

test("a note that another user has changed meanwhile is not replaced unseen", async () => {
  await set_notes({ alarm_shutdown: "first" });
  const { page, done } = await open("#/alarms", { language: "en" });
  await page.locator(`${at("alarm_shutdown")} button`).click();
  await set_notes({ alarm_shutdown: "second" });
  await page.locator("dialog [name=note]").fill("mine");
  await page.locator("dialog button.primary").click();
  await expect_text(page, "dialog .problem", /^Another user has changed this note meanwhile\. It is now: second\./);
  assert.equal((await notes()).alarm_shutdown, "second");
  await page.locator("dialog button.primary").click();
  await expect_text(page, `${at("alarm_shutdown")} p`, "Note of the site: mine");
  await done();
});

test("a note is too long before it is sent, and the server's refusal is shown", async () => {
  await set_notes(null);
  const { page, done } = await open("#/alarms", { language: "en" });
  await page.locator(`${at("alarm_shutdown")} button`).click();
  await page.locator("dialog [name=note]").fill("ж".repeat(501));
  await expect_text(page, "dialog .problem", "The note has 501 characters; at most 500 are allowed.");
  assert.ok(await page.locator("dialog button.primary").isDisabled());
  await page.locator("dialog [name=note]").fill("a\u0000b");
  await page.locator("dialog button.primary").click();
  await expect_text(page, "dialog .problem", /^Could not save: .*alarm_notes must be/);
  await page.locator("dialog [name=note]").fill("ж".repeat(500));
  await page.locator("dialog button.primary").click();
  await page.locator(`${at("alarm_shutdown")} p`).waitFor();
  assert.equal((await notes()).alarm_shutdown.length, 500);
  await done();
});

for (const language of ["ru", "en"]) {
  test(`at 360 px and by keyboard, on the pages of alarms, device and site, ${language}`, async () => {
    await set_notes({ [named]: "Масло в гараже ".repeat(8).trim() });
    const { page, done } = await open(`#/device/${fixture.id}`, { width: 360, height: 780, language });
    await page.locator(`${at(named, ".device-alarms")} p`).waitFor();
    await page.locator(`${at("alarm_shutdown", ".device-alarms")} button`).focus();
    await page.keyboard.press("Enter");
    await page.locator("dialog[open]").waitFor();
    assert.equal(await overflow_of(page), 0);
    assert.deepEqual(await axe_violations(page), []);
    await picture(page, `notes-dialog-360-${language}`);
    await page.locator("dialog [name=note]").focus();
    await page.keyboard.type("Anna");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await expect_text(page, `${at("alarm_shutdown", ".device-alarms")} p`, /Anna$/);
    await page.locator("dialog").waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => document.activeElement.closest("[data-note]")?.dataset.note), "alarm_shutdown");
    for (const hash of [`#/site/${fixture.site}`, "#/alarms"]) {
      await go(page, hash);
      await page.locator(`${at(named)} p`).first().waitFor();
      assert.equal(await page.locator(`${at("alarm_shutdown")} p`).count(), 1, hash);
      assert.equal(await overflow_of(page), 0, hash);
      assert.deepEqual(await axe_violations(page), [], hash);
    }
    await picture(page, `notes-alarms-360-${language}`);
    await done();
  });
}

test("a reader and a wall display see the notes and cannot change them", async () => {
  await set_notes({ alarm_shutdown: "Call Anna" });
  const reader = await open("#/alarms", { token: "only-reading" });
  await expect_text(reader.page, at("alarm_shutdown"), "Заметка площадки: Call Anna");
  await go(reader.page, "#/devices");
  await expect_text(reader.page, "main", /Токен только для чтения/); // the role is known now
  await go(reader.page, "#/alarms");
  await expect_text(reader.page, at("alarm_shutdown"), "Заметка площадки: Call Anna");
  assert.equal(await reader.page.locator("[data-note] button").count(), 0);
  assert.equal(await reader.page.locator(at(named)).count(), 0);
  await reader.done();
  const wall = await open(`#/site/${fixture.site}`, { search: "?kiosk=1" });
  await expect_text(wall.page, at("alarm_shutdown"), "Заметка площадки: Call Anna");
  assert.equal(await wall.page.locator("[data-note] button").count(), 0);
  await wall.done();
});
