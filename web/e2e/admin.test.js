// Adding, testing, changing and deleting sites and devices, and access by tokens.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { genset, running_genset } from "./controller.js";
import { expect_text, go, picture, set_up } from "./fixture.js";

const token_text = "geheim/+ключ";
const hex = Buffer.from(token_text).toString("hex");

const fixture = set_up(async (programs) => {
  const daemon = await programs.daemon({ MODBUS_TIMEOUT: "0.5" });
  const guarded = await programs.daemon({ API_TOKEN: hex, READ_TOKEN: "only-reading" });
  const [set, silent] = await programs.controllers(running_genset(), genset());
  silent.silent = true;
  const site = await guarded.add_site("MKZ");
  const guarded_id = await guarded.add_device(site, "G", set);
  await guarded.online(guarded_id);
  return { daemon, guarded, set, silent, guarded_id };
});

const field = (page, name) => page.locator(`dialog [name="${name}"]`);

test("the page of an empty registry leads to adding a site and a device", async () => {
  const { page, done } = await fixture.open("#/");
  await expect_text(page, "#empty", "Устройств пока нет. Добавить устройство");
  await page.locator("#empty a").click();
  await page.getByRole("button", { name: "+ Добавить площадку" }).click();
  await field(page, "name").fill("Молочный комбинат");
  await field(page, "code").fill("MKZ");
  await page.getByRole("button", { name: "Сохранить" }).click();
  await expect_text(page, ".result", "Сохранено: Молочный комбинат");
  await page.getByRole("button", { name: "+ Добавить устройство" }).click();
  await field(page, "name").fill("ДГУ-1");
  await field(page, "ip_address").fill("127.0.0.1");
  await field(page, "port").fill(String(fixture.set.port));
  await page.locator("#test-connection").click();
  await page.locator('[data-step="test_connect"][data-result="good"]').waitFor();
  await expect_text(page, '[data-step="test_map"][data-result="good"]', /^✓ Карта регистров: hgm9520n: АВТО, .*400,2 В/);
  await picture(page, "connection-test");
  await page.getByRole("button", { name: "Сохранить" }).click();
  await expect_text(page, ".result", "Сохранено: ДГУ-1");
  await page.locator('tr[data-quality="live"]', { hasText: "ДГУ-1" }).waitFor();
  await done();
});

test("a failed connection test shows the step, the error and what to check", async () => {
  const { page, done } = await fixture.open("#/devices", { language: "ru" });
  await page.getByRole("button", { name: "+ Добавить устройство" }).click();
  const attempt = async (port, expected) => {
    await field(page, "ip_address").fill("127.0.0.1");
    await field(page, "port").fill(String(port));
    await page.locator("#test-connection").click();
    await expect_text(page, '[data-step="test_connect"][data-result="bad"]', expected);
    assert.equal(await page.locator('[data-step="test_map"]').count(), 0);
  };
  await attempt(1, /connection refused.*Порт закрыт: проверьте IP-адрес/);
  await attempt(fixture.silent.port, /no answer within.*Нет ответа: проверьте адрес Modbus/);
  await done();
});

test("a test can be stopped", async () => {
  const silent = createServer(() => undefined);
  await new Promise((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { page, done } = await fixture.open("#/devices");
  await page.getByRole("button", { name: "+ Добавить устройство" }).click();
  await field(page, "ip_address").fill("127.0.0.1");
  await field(page, "port").fill(String(silent.address().port));
  await page.locator("#test-connection").click();
  await page.getByRole("button", { name: "Прервать" }).click();
  await expect_text(page, ".conn-test ol", "Проверка прервана");
  await done();
  silent.close();
});

test("a refused value is marked at its field, and an edit changes only the edited fields", async () => {
  const { page, context } = await fixture.open("#/devices");
  const edit = page.getByRole("button", { name: "Изменить: ДГУ-1" });
  await edit.click();
  await field(page, "slave_id").fill("999");
  await page.getByRole("button", { name: "Сохранить" }).click();
  await expect_text(page, "dialog .problem", /^Не удалось сохранить: slave_id must be/);
  await page.locator("label.wrong [name=slave_id]").waitFor();
  await field(page, "slave_id").fill("1");
  await page.locator("dialog summary").first().click();
  await field(page, "rated_power_kw").fill("200,5");
  await page.getByRole("button", { name: "Сохранить" }).click();
  await expect_text(page, ".result", "Сохранено: ДГУ-1");
  const [device] = await fixture.daemon.request("GET", "/api/devices");
  assert.deepEqual([device.slave_id, device.rated_power_kw, device.poll_interval], [1, 200.5, null]);
  await context.close(); // the browser logs the status 422 in its console
});

test("an edit by another client appears without a reload", async () => {
  const { page, done } = await fixture.open("#/devices");
  await page.locator("tr[data-device]").first().waitFor();
  const [device] = await fixture.daemon.request("GET", "/api/devices");
  await fixture.daemon.request("PATCH", `/api/devices/${device.id}`, { name: "ДГУ-7" });
  await expect_text(page, `tr[data-device="${device.id}"] th`, "ДГУ-7");
  await fixture.daemon.request("PATCH", `/api/devices/${device.id}`, { name: "ДГУ-1" });
  await expect_text(page, `tr[data-device="${device.id}"] th`, "ДГУ-1");
  await done();
});

test("registers are read on demand while the device is polled", async () => {
  const { page, done } = await fixture.open("#/devices");
  await page.locator("tr[data-device] a.button").first().click();
  await page.locator(".registers").waitFor();
  await page.locator(".registers [name=what]").selectOption("range");
  await page.locator(".registers [name=first]").fill("212");
  await page.locator(".registers [name=count]").fill("2");
  await page.getByRole("button", { name: "Прочитать сейчас" }).click();
  await expect_text(page, ".registers tbody", /^212 1502 05DE .* 213 268 010C /);
  await expect_text(page, ".diagnostics", /Успешных циклов за час 100,0 %/);
  await done();
});

test("a deletion needs the typed name", async () => {
  const { page, context } = await fixture.open("#/devices");
  await page.getByRole("button", { name: "Удалить: ДГУ-1" }).click();
  const remove = page.locator("dialog button.danger");
  assert.equal(await remove.isDisabled(), true);
  await field(page, "confirmation").fill("ДГУ-2");
  assert.equal(await remove.isDisabled(), true);
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  await page.locator(".row-actions button").last().click();
  await field(page, "confirmation").fill("Молочный комбинат");
  await remove.click();
  await expect_text(page, "dialog .problem", /^Не удалось удалить: /); // the site has a device
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Удалить: ДГУ-1" }).click();
  await field(page, "confirmation").fill("ДГУ-1");
  await remove.click();
  await expect_text(page, ".result", "Удалено: ДГУ-1");
  assert.deepEqual(await fixture.daemon.request("GET", "/api/devices"), []);
  await context.close(); // the browser logs the status 409 in its console
});

test("the page requires the token before it opens a WebSocket, and keeps it after a reload", async () => {
  const { page, context, problems } = await fixture.open("#/", { daemon: fixture.guarded });
  const sockets = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  await page.locator("#token").fill("wrong");
  assert.equal(await page.locator(".card").count(), 0);
  await page.locator("#token-send").click();
  await expect_text(page, "#token-wrong", "Неверный токен");
  assert.deepEqual(sockets, []);
  await picture(page, "token");
  await page.locator("#token").fill(hex);
  await page.locator("#token-send").click();
  const live = `.device-row[data-device="${fixture.guarded_id}"][data-quality="live"]`;
  await page.locator(live).waitFor();
  assert.equal(await page.locator("#token, #token-wrong").count(), 0);
  await page.reload();
  await page.locator(live).waitFor();
  assert.ok(!page.url().includes(hex) && sockets.every((url) => !url.includes(hex)));
  assert.ok(!fixture.guarded.text().includes(hex));
  assert.deepEqual(problems.filter((text) => !text.includes("401")), []);
  await context.close();
});

test("a read-only token gets no buttons for changes", async () => {
  const { page, context, problems } = await fixture.open("#/devices", { daemon: fixture.guarded });
  await page.locator("#token").fill("only-reading");
  await page.locator("#token-send").click();
  await expect_text(page, "main", /Токен только для чтения: изменения недоступны/);
  assert.equal(await page.getByRole("button", { name: /Добавить|Изменить|Удалить/ }).count(), 0);
  await go(page, `#/device/${fixture.guarded_id}/diagnostics`);
  await page.locator(".diagnostics").waitFor();
  assert.equal(await page.locator(".registers").count(), 0);
  assert.deepEqual(problems.filter((text) => !text.includes("401")), []);
  await context.close();
});
