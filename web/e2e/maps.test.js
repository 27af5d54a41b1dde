// The list of register maps: upload, replacement and removal.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { axe_violations, overflow_of } from "./axe.js";
import { genset } from "./controller.js";
import { expect_text, picture, set_up } from "./fixture.js";
import { source } from "./paths.js";

const token = "a1b2c3";
const mine = 'name = "mine"\nextends = "hgm9520n"\ntitle = { en = "My genset", ru = "Мой агрегат" }\n';
const without = `${mine}format = 2\nremove = { fields = ["fuel_pressure"] }\n`;

const fixture = set_up(async (programs) => {
  const daemon = await programs.daemon({ API_TOKEN: token, READ_TOKEN: "only-reading", PROFILES: join(source, "profiles/unconfirmed") });
  const [set] = await programs.controllers(genset());
  const site = await daemon.add_site("MKZ");
  await daemon.online(await daemon.add_device(site, "ДГУ-1", set));
  return { daemon, set, site };
});

const profiles = async () => new Map((await fixture.daemon.request("GET", "/api/profiles")).map((one) => [one.name, one]));
const row = (name) => `dialog [data-map="${name}"]`;
const cells = (page, name) => page.locator(`${row(name)} > *`).evaluateAll((all) => all.map((one) => one.textContent.replace(/\s+/g, " ").trim()));
const file = (text, name = "mine.toml") => ({ name, mimeType: "application/toml", buffer: Buffer.from(text) });
async function upload(page, ...content) {
  await page.locator("dialog [name=file]").setInputFiles(file(...content));
  await page.locator("dialog .upload button").click();
}

async function open({ token: used = token, ...options } = {}) {
  const { page, context, problems } = await fixture.open("#/devices", options);
  await page.locator("#token").fill(used);
  await page.locator("#token-send").click();
  await page.getByRole("button", { name: options.language === "en" ? "Register maps" : "Карты регистров" }).click();
  await page.locator(row("hgm9520n")).waitFor();
  const done = async () => {
    await context.close();
    assert.deepEqual(problems.filter((text) => !/401|409|422|413/.test(text)), []);
  };
  return { page, done };
}

test("the list has title, name, origin, confirmation and devices; a map is uploaded, used and removed", async () => {
  const { page, done } = await open();
  const other = await open({ language: "en" });
  assert.deepEqual(await cells(page, "hgm9520n"), ["Генераторная установка SmartGen HGM9520N hgm9520n", "встроенная", "да", "1", ""]);
  assert.deepEqual((await cells(page, "dse_gencomm")).slice(1), ["файл на сервере", "не подтверждено", "0", ""]);
  assert.equal(await page.locator("dialog td.actions button").count(), 0);
  await upload(page, mine);
  await expect_text(page, "dialog .result", "Сохранено: mine");
  assert.deepEqual(await cells(page, "mine"), ["Мой агрегат mine", "загруженная", "да", "0", "Удалить"]);
  await other.page.locator(row("mine")).waitFor(); // without a reload
  assert.equal((await profiles()).get("mine").origin, "database");
  await picture(page, "maps");
  await page.locator(`${row("mine")} button`).click();
  await expect_text(page, "dialog .question p", "Удалить карту регистров mine?");
  await page.getByRole("button", { name: "Отмена" }).click();
  assert.equal(await page.locator("dialog .question").count(), 0);
  await page.locator(`${row("mine")} button`).click();
  await page.locator("dialog .question .danger").click();
  await expect_text(page, "dialog .result", "Удалено: mine");
  await page.locator(row("mine")).waitFor({ state: "detached" });
  assert.ok(!(await profiles()).has("mine"));
  await other.page.locator(row("mine")).waitFor({ state: "detached" });
  await other.done();
  await done();
});

test("a refusal is shown with its line, and nothing is stored", async () => {
  const { page, done } = await open({ language: "en" });
  await upload(page, `${mine}protocol = "udp"\n`);
  await expect_text(page, "dialog .problem", 'mine:4: protocol = "udp": must be tcp or rtu_over_tcp, in quotes Line 4 of the file: protocol = "udp"');
  assert.equal(await page.locator("dialog .question").count(), 0, "this cannot be forced");
  await picture(page, "maps-refused");
  await upload(page, 'name = "hgm9520n"\n');
  await expect_text(page, "dialog .problem", /^profile hgm9520n is built in/);
  await upload(page, "#".repeat(300000), "large.toml");
  await expect_text(page, "dialog .problem", 'large.toml has no line name = "…": it is not a register map.');
  await upload(page, `${mine}${"#".repeat(300000)}`);
  await expect_text(page, "dialog .problem", /larger than 262144 bytes/);
  assert.ok(!(await profiles()).has("mine"));
  await done();
});

test("a map in use is replaced and removed only after a second decision", async () => {
  const { page, done } = await open();
  await upload(page, mine);
  await expect_text(page, "dialog .result", "Сохранено: mine");
  const id = await fixture.daemon.add_device(fixture.site, "ДГУ-2", fixture.set, { profile: "mine", is_active: false });
  await expect_text(page, `${row("mine")} .numeric`, "1");
  const has_field = async () => (await profiles()).get("mine").fields.some((one) => one.name === "fuel_pressure");
  await upload(page, without);
  await expect_text(page, "dialog .problem", /^profile mine is in use: used by devices .*lose the fields fuel_pressure/);
  await picture(page, "maps-in-use");
  await page.getByRole("button", { name: "Отмена" }).click();
  assert.equal(await page.locator("dialog .problem, dialog .question").count(), 0);
  assert.ok(await has_field());
  await page.locator("dialog .upload button").click(); // the file is still chosen
  await page.getByRole("button", { name: "Всё равно заменить" }).click();
  await expect_text(page, "dialog .result", "Сохранено: mine");
  assert.ok(!(await has_field()));
  await page.locator(`${row("mine")} button`).click();
  await page.locator("dialog .question .danger").click();
  await expect_text(page, "dialog .problem", /would not be polled any more/);
  assert.ok((await profiles()).has("mine"));
  await page.getByRole("button", { name: "Всё равно удалить" }).click();
  await expect_text(page, "dialog .result", "Удалено: mine");
  assert.ok(!(await profiles()).has("mine"));
  await fixture.daemon.request("DELETE", `/api/devices/${id}`);
  await done();
});

for (const language of ["ru", "en"]) {
  test(`at 360 px and by keyboard, ${language}`, async () => {
    const { page, done } = await open({ language, width: 360, height: 780 });
    const dialog = page.locator("dialog");
    await dialog.locator("[name=file]").setInputFiles(file(mine));
    await dialog.locator(".upload button").focus();
    await page.keyboard.press("Enter");
    await expect_text(page, "dialog .result", /: mine$/);
    await page.locator(`${row("mine")} button`).focus();
    await page.keyboard.press("Enter");
    await page.locator(".question").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.className), "question");
    assert.equal(await overflow_of(page), 0);
    assert.equal(await dialog.evaluate((one) => one.scrollWidth - one.clientWidth), 0);
    assert.deepEqual(await axe_violations(page), []);
    if (process.env.GENSETD_PICTURES) await page.screenshot({ path: join(process.env.GENSETD_PICTURES, `maps-360-${language}.png`) });
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator(row("mine")).waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.match(await page.evaluate(() => document.activeElement.textContent), /Карты регистров|Register maps/);
    assert.equal(await overflow_of(page), 0);
    await done();
  });
}

test("a reader sees the list and can change nothing", async () => {
  const { page, done } = await open({ token: "only-reading" });
  await expect_text(page, "dialog p.quiet", /^Токен только для чтения/);
  assert.equal(await page.locator("dialog .body button, dialog [name=file]").count(), 0);
  await done();
});
