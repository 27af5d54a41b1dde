// The labels of digital inputs in the form of a device.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe_violations, overflow_of } from "./axe.js";
import { genset } from "./controller.js";
import { expect_text, go, picture, set_up } from "./fixture.js";

const door = { en: "Door open", ru: "Дверь открыта", kind: "status" };
const fixture = set_up(async (programs) => {
  const daemon = await programs.daemon();
  const [set] = await programs.controllers(genset());
  const site = await daemon.add_site("MKZ");
  const id = await daemon.add_device(site, "ДГУ-1", set);
  await daemon.online(id);
  return { daemon, set, site, id };
});

const inputs = async () => (await fixture.daemon.request("GET", `/api/devices/${fixture.id}`)).inputs;
const set_inputs = (value) => fixture.daemon.request("PATCH", `/api/devices/${fixture.id}`, { inputs: value });
const label = (page, number, language) => page.locator(`.inputs [data-input="${number}"] input[lang="${language}"]`);
const kind = (page, number) => page.locator(`.inputs [data-input="${number}"] select`);

async function open(options) {
  const opened = await fixture.open("#/devices", options);
  await opened.page.locator(`tr[data-device="${fixture.id}"] td.actions button`).first().click();
  await opened.page.locator(".inputs > summary").click();
  await label(opened.page, 1, "en").waitFor();
  return opened;
}

test("an input gets its labels and its kind, and its alarm has the label", async () => {
  await set_inputs({ 31: door });
  const { page, done } = await open();
  assert.deepEqual(await page.locator(".inputs [data-input]").evaluateAll((rows) => rows.map((row) => row.dataset.input)), ["1", "2", "3", "4", "5", "6", "7", "8"]);
  assert.equal(await label(page, 2, "ru").getAttribute("placeholder"), "Дискретный вход 2");
  await expect_text(page, ".inputs > p:last-child", "У модели HGM9520N нет этих входов, их подписи сохраняются: 31");
  await label(page, 2, "en").fill("Oil tank empty");
  await label(page, 2, "ru").fill("Масляный бак пуст");
  await label(page, 3, "en").fill("Spare 3");
  await label(page, 3, "ru").fill("Резерв 3");
  await kind(page, 3).selectOption("spare");
  await picture(page, "inputs");
  await page.locator("dialog button.primary").click();
  await expect_text(page, ".result", "Сохранено: ДГУ-1");
  const expected = { 2: { en: "Oil tank empty", ru: "Масляный бак пуст", kind: "alarm" }, 3: { en: "Spare 3", ru: "Резерв 3", kind: "spare" }, 31: door };
  assert.deepEqual(await inputs(), expected);
  fixture.set.set_registers({ 6: 1 << 1 }).set({ alarm_common: true, alarm_shutdown: true, alarm_count: 1 });
  await go(page, "#/alarms");
  await expect_text(page, '[data-cause="alarm:shutdown.input_2"]', /Масляный бак пуст/);
  fixture.set.set_registers({ 6: 0 }).set({ alarm_common: false, alarm_shutdown: false, alarm_count: 0 });
  await done();
});

test("empty labels remove an entry; entries of inputs that the model does not have stay", async () => {
  await set_inputs({ 2: { en: "a", ru: "б", kind: "alarm" }, 31: door });
  const { page, done } = await open({ language: "en" });
  await label(page, 2, "en").fill("");
  await label(page, 2, "ru").fill(" ");
  await page.locator("dialog button.primary").click();
  await expect_text(page, ".result", "Saved: ДГУ-1");
  assert.deepEqual(await inputs(), { 31: door });
  await set_inputs({ 1: door });
  await page.reload();
  await page.locator(`tr[data-device="${fixture.id}"] td.actions button`).first().click();
  await page.locator(".inputs > summary").click();
  await label(page, 1, "en").fill("");
  await label(page, 1, "ru").fill("");
  await page.locator("dialog button.primary").click();
  await expect_text(page, ".result", "Saved: ДГУ-1");
  assert.equal(await inputs(), null);
  await done();
});

test("a label in one language only is refused by the server, and the other one is marked", async () => {
  await set_inputs(null);
  const { page, context } = await open({ language: "en" });
  await label(page, 4, "en").fill("Gas");
  await page.locator("dialog button.primary").click();
  await expect_text(page, "dialog .problem", /^Could not save: inputs must be .*input 4 has 'ru' that is not/);
  assert.equal(await label(page, 4, "ru").getAttribute("aria-invalid"), "true");
  assert.equal(await page.locator('.inputs [aria-invalid="true"]').count(), 1);
  assert.ok(await label(page, 4, "ru").isVisible());
  assert.equal(await inputs(), null);
  await context.close();
});

for (const language of ["ru", "en"]) {
  test(`at 360 px and by keyboard, ${language}`, async () => {
    await set_inputs(null);
    const { page, done } = await open({ language, width: 360, height: 780 });
    assert.equal(await overflow_of(page), 0);
    assert.equal(await page.locator("dialog").evaluate((dialog) => dialog.scrollWidth - dialog.clientWidth), 0);
    assert.deepEqual(await axe_violations(page), []);
    await label(page, 1, "ru").scrollIntoViewIfNeeded();
    await page.locator(".inputs > summary").focus();
    await page.keyboard.press("Tab");
    await page.keyboard.type("Fire");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Пожар");
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowDown");
    if (process.env.GENSETD_PICTURES) await page.screenshot({ path: `${process.env.GENSETD_PICTURES}/inputs-360-${language}.png` });
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter"); // submits the form from a text field
    await expect_text(page, ".result", language === "ru" ? "Сохранено: ДГУ-1" : "Saved: ДГУ-1");
    assert.deepEqual(await inputs(), { 1: { en: "Fire", ru: "Пожар", kind: "status" } });
    await done();
  });
}
