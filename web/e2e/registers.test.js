// Raw registers beside the values that the server decoded from the same read.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { axe_violations, overflow_of } from "./axe.js";
import { running_genset } from "./controller.js";
import { expect_text, picture, set_up } from "./fixture.js";
import { source } from "./paths.js";

const unconfirmed = join(source, "profiles/unconfirmed");

const fixture = set_up(async (programs) => {
  const daemon = await programs.daemon({ PROFILES: unconfirmed });
  const [set] = await programs.controllers(running_genset({ reactive_total: -30.5 }));
  const plant = await programs.simulator("--devices", "1", "--profiles", unconfirmed, "--profile", "smartgen_hgm6100n");
  const site = await daemon.add_site("MKZ");
  const id = await daemon.add_device(site, "ДГУ-1", set);
  const new_id = await daemon.add_device(site, "ДГУ-2", { port: plant.port }, { profile: "smartgen_hgm6100n" });
  await daemon.online(id, new_id);
  return { daemon, set, id, new_id };
});

const open = (id, options) => fixture.open(`#/device/${id}/diagnostics`, options);
const row = (address, table = "holding") => `table[data-run^="${table} "] tr[data-register="${address}"]`;
const field = (name) => `.registers .decoded[data-field="${name}"]`;
const read = (page) => page.locator(".registers form button").click();
const choose = (page, what) => page.locator(".registers [name=what]").selectOption(what);

test("one read shows the registers of the map, and each field beside its registers", async () => {
  const { page, done } = await open(fixture.id);
  const requests = [];
  page.on("request", (request) => { if (request.url().endsWith("/api/devices/read")) requests.push(request.postDataJSON()); });
  await read(page);
  await expect_text(page, `${row(120)} td.numeric`, "3985");
  await expect_text(page, `${row(120)} td:nth-child(3)`, "0F91");
  assert.equal(await page.locator(`${row(120)} td[rowspan="2"]`).count(), 1);
  assert.equal(await page.locator(`${row(121)} td`).count(), 2, "the second register has no cell of its own for the field");
  await expect_text(page, field("mains_uab"), /^Напряжение сети AB mains_uab 120…121 398,5 В$/);
  await expect_text(page, `${field("gen_status")} .number`, "Работа");
  await expect_text(page, `${field("current_earth")} .number`, "нет данных");
  await expect_text(page, `${field("mode_auto")}.on`, "бит 9 · Автоматический режим mode_auto да");
  await expect_text(page, `${field("mode_manual")} .number`, "нет");
  await expect_text(page, `${row(0)} .bits`, "0000 0010 0000 0000");
  await expect_text(page, `${field("reactive_total")} .number`, "−30,5 квар");
  await expect_text(page, ".read-note", /^Регистры и значения получены одним чтением в \d\d:\d\d:\d\d\. Запросов: \d+, [\d,]+ мс\.$/);
  assert.equal(await page.locator(".map-note").count(), 0, "this map is confirmed");
  assert.equal(requests.length, 1);
  assert.equal(requests[0].raw, undefined);
  await picture(page, "registers-map");

  await choose(page, "block gen_voltage");
  const addresses = await page.locator(".registers tr[data-register]").evaluateAll((rows) => rows.map((one) => Number(one.dataset.register)));
  assert.deepEqual(addresses, [...Array(19).keys()].map((index) => 140 + index));
  await page.locator(`${row(146)}.quiet [role=img][aria-label="нет поля в карте"]`).waitFor();
  assert.equal(requests.length, 1, "a block is a part of the read");
  await done();
});

test("alarm words are read while there is an alarm: the points that are set, with their class", async () => {
  fixture.set.set_registers({ 2: 1 << 13 }).set({ alarm_common: true, alarm_shutdown: true, alarm_count: 1 });
  const { page, done } = await open(fixture.id);
  await choose(page, "block shutdown_words");
  await read(page);
  const point = `${row(2)} [data-point="alarm:shutdown.low_oil_pressure"]`;
  await expect_text(page, point, "бит 13 · Низкое давление масла alarm:shutdown.low_oil_pressure Аварийный останов не подтверждено");
  await expect_text(page, `${row(2)} summary`, "аварийных битов в состоянии 0: 15");
  assert.equal(await page.locator("[data-point]").count(), 1);
  await picture(page, "registers-alarm-words");
  fixture.set.set_registers({ 2: 0 }).set({ alarm_common: false, alarm_shutdown: false, alarm_count: 0 });
  await read(page);
  await expect_text(page, ".left-out li", /^shutdown_words \(1…6\): не прочитан, читается только при условии: alarm_common, .* Прочитать регистры$/);
  assert.equal(await page.locator(".registers tr[data-register]").count(), 0);
  await page.locator(".left-out button").click();
  await expect_text(page, `${row(2)} td.numeric`, "0");
  await expect_text(page, ".read-note", /^Регистры прочитаны в .* Для диапазона значений нет/);
  assert.equal(await page.locator(".registers [name=first]").inputValue(), "1");
  await done();
});

test("a range has registers and names, and no value of another read", async () => {
  const { page, done } = await open(fixture.id, { language: "en" });
  await read(page);
  await expect_text(page, `${field("mains_uab")} .number`, "398.5 V");
  await choose(page, "range");
  assert.equal(await page.locator(".registers tr[data-register]").count(), 0, "the read of the map is not shown as a range");
  await page.locator(".registers [name=first]").fill("121");
  await page.locator(".registers [name=count]").fill("4");
  await page.keyboard.press("Enter");
  await expect_text(page, `${row(122)} td.numeric`, "3991");
  await expect_text(page, field("mains_uab"), "Mains voltage AB mains_uab 120…121 (read in part only)");
  await expect_text(page, `${field("mains_ubc")} .number`, "");
  await picture(page, "registers-range-en");
  await choose(page, "map");
  await expect_text(page, `${field("mains_ubc")} .number`, "399.1 V");
  await done();
});

for (const [language, note] of [["ru", /^Карта регистров не подтверждена\./], ["en", /^The register map is not confirmed\./]]) {
  test(`a map that is not confirmed says so; coils are beside their names; at 360 px, ${language}`, async () => {
    const { page, done } = await open(fixture.new_id, { language, width: 360, height: 780 });
    await expect_text(page, ".map-note", note);
    await page.locator(".device-head .address .chip.unusual").waitFor();
    await expect_text(page, ".diagnostics", /coils 0…77 states.* 0…29 values/); // two reads that begin at one address
    await read(page);
    await expect_text(page, `${row(0, "coils")} [data-field="alarm_common"] .number`, language === "ru" ? "нет" : "no");
    await expect_text(page, `${row(0)} td.numeric`, /^\d+/);
    assert.equal(await overflow_of(page), 0);
    const boxes = await page.locator(".registers .table-box").evaluateAll((all) => all.map((box) => box.scrollWidth - box.clientWidth));
    assert.ok(boxes.length > 1 && boxes.every((wider) => wider <= 0), `tables wider than the window: ${boxes}`);
    assert.deepEqual(await axe_violations(page), []);
    await picture(page, `registers-unconfirmed-360-${language}`);
    await choose(page, "range");
    await page.locator(".registers [name=table]").selectOption("coils");
    await page.locator(".registers [name=count]").fill("20");
    await read(page);
    await page.locator(row(19, "coils")).waitFor();
    assert.equal(await page.locator(".registers tr[data-register]").count(), 20);
    assert.equal(await overflow_of(page), 0);
    await done();
  });
}

test("the keyboard reads a block, and the table can be scrolled by it", async () => {
  const { page, done } = await open(fixture.id);
  await page.locator(".registers [name=what]").focus();
  await page.keyboard.press("ArrowDown");
  assert.equal(await page.locator(".registers [name=what]").inputValue(), "block status");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.locator(row(0)).waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "table-box");
  await done();
});

test("a failed read is reported, and the earlier one stays with its time", async () => {
  const { page, done } = await open(fixture.id);
  await read(page);
  const note = await expect_text(page, ".read-note", /\d\d:\d\d:\d\d/);
  await fixture.set.stop();
  await read(page);
  await expect_text(page, ".registers .problem", /^Ошибка чтения: /);
  assert.equal(await expect_text(page, ".read-note", /./), note);
  await fixture.set.start();
  await read(page);
  await page.locator(".registers .problem").waitFor({ state: "detached" });
  await done();
});
