// Sites and devices: made, tested, changed, deleted; and by whom.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { genset, running_genset } from "./controller.js";
import { expect_text, go, picture, stage } from "./frame.js";

const everything = "geheim/+ключ";
const hex = Buffer.from(everything).toString("hex");

const scene = stage(async (programs) => {
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

test("an empty registry says what to do, and a site and a device are made from the page", async () => {
  const { page, done } = await scene.open("#/");
  await expect_text(page, "#empty", "Устройств пока нет. Добавить устройство");
  await page.locator("#empty a").click();
  await page.getByRole("button", { name: "+ Добавить площадку" }).click();
  await field(page, "name").fill("Молочный комбинат");
  await field(page, "code").fill("MKZ");
  await page.getByRole("button", { name: "Сохранить" }).click();
  await expect_text(page, ".said", "Сохранено: Молочный комбинат");
  await page.getByRole("button", { name: "+ Добавить устройство" }).click();
  await field(page, "name").fill("ДГУ-1");
  await field(page, "ip_address").fill("127.0.0.1");
  await field(page, "port").fill(String(scene.set.port));
  await page.locator("#test-connection").click();
  await page.locator('[data-step="test_connect"][data-result="good"]').waitFor();
  await expect_text(page, '[data-step="test_map"][data-result="good"]', /^✓ Карта регистров: hgm9520n: АВТО, .*400,2 В/);
  await picture(page, "connection-test");
  await page.getByRole("button", { name: "Сохранить" }).click();
  await expect_text(page, ".said", "Сохранено: ДГУ-1");
  await page.locator('tr[data-quality="live"]', { hasText: "ДГУ-1" }).waitFor();
  await done();
});

test("a connection test that fails says at which step, what happened and what to check", async () => {
  const { page, done } = await scene.open("#/devices", { language: "ru" });
  await page.getByRole("button", { name: "+ Добавить устройство" }).click();
  const attempt = async (port, told) => {
    await field(page, "ip_address").fill("127.0.0.1");
    await field(page, "port").fill(String(port));
    await page.locator("#test-connection").click();
    await expect_text(page, '[data-step="test_connect"][data-result="bad"]', told);
    assert.equal(await page.locator('[data-step="test_map"]').count(), 0);
  };
  await attempt(1, /connection refused.*Порт закрыт: проверьте адрес/);
  await attempt(scene.silent.port, /no answer within.*Нет ответа: проверьте номер ведомого/);
  await done();
});

test("a test can be stopped", async () => {
  const silent = createServer(() => undefined);
  await new Promise((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { page, done } = await scene.open("#/devices");
  await page.getByRole("button", { name: "+ Добавить устройство" }).click();
  await field(page, "ip_address").fill("127.0.0.1");
  await field(page, "port").fill(String(silent.address().port));
  await page.locator("#test-connection").click();
  await page.getByRole("button", { name: "Прервать" }).click();
  await expect_text(page, ".conn-test ol", "Проверка прервана");
  await done();
  silent.close();
});

test("a value that the server refuses is named at its field, and an edit changes what was edited", async () => {
  const { page, context } = await scene.open("#/devices");
  const edit = page.getByRole("button", { name: "Изменить: ДГУ-1" });
  await edit.click();
  await field(page, "slave_id").fill("999");
  await page.getByRole("button", { name: "Сохранить" }).click();
  await expect_text(page, "dialog .problem", /^Не сохранено: slave_id must be/);
  await page.locator("label.wrong [name=slave_id]").waitFor();
  await field(page, "slave_id").fill("1");
  await page.locator("dialog summary").click();
  await field(page, "rated_power_kw").fill("200,5");
  await page.getByRole("button", { name: "Сохранить" }).click();
  await expect_text(page, ".said", "Сохранено: ДГУ-1");
  const [device] = await scene.daemon.ask("GET", "/api/devices");
  assert.deepEqual([device.slave_id, device.rated_power_kw, device.poll_interval], [1, 200.5, null]);
  await context.close(); // the browser itself writes the refusal, 422, to its console
});

test("an edit by somebody else is on the page without a reload", async () => {
  const { page, done } = await scene.open("#/devices");
  await page.locator("tr[data-device]").first().waitFor();
  const [device] = await scene.daemon.ask("GET", "/api/devices");
  await scene.daemon.ask("PATCH", `/api/devices/${device.id}`, { name: "ДГУ-7" });
  await expect_text(page, `tr[data-device="${device.id}"] th`, "ДГУ-7");
  await scene.daemon.ask("PATCH", `/api/devices/${device.id}`, { name: "ДГУ-1" });
  await expect_text(page, `tr[data-device="${device.id}"] th`, "ДГУ-1");
  await done();
});

test("registers are read on demand, beside the polling", async () => {
  const { page, done } = await scene.open("#/devices");
  await page.locator("tr[data-device] a.button").first().click();
  await page.locator(".registers").waitFor();
  await page.locator(".registers input").first().fill("212");
  await page.locator(".registers input").last().fill("2");
  await page.getByRole("button", { name: "Прочитать сейчас" }).click();
  await expect_text(page, ".register-grid", "212 05DE 1502 213 010C 268");
  await expect_text(page, ".diagnostics", /Успех за час 100,0 %/);
  await done();
});

test("nothing is deleted by a slip of the hand", async () => {
  const { page, context } = await scene.open("#/devices");
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
  await expect_text(page, "dialog .problem", /^Не удалено: /); // it has a device
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Удалить: ДГУ-1" }).click();
  await field(page, "confirmation").fill("ДГУ-1");
  await remove.click();
  await expect_text(page, ".said", "Удалено: ДГУ-1");
  assert.deepEqual(await scene.daemon.ask("GET", "/api/devices"), []);
  await context.close(); // the refusal, 409, is in the console
});

test("the page asks for the token, before it opens a WebSocket, and forgets none on a reload", async () => {
  const { page, context, troubles } = await scene.open("#/", { daemon: scene.guarded });
  const sockets = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  await page.locator("#token").fill("wrong");
  assert.equal(await page.locator(".card").count(), 0);
  await page.locator("#token-send").click();
  await expect_text(page, "#token-wrong", "Токен не принят");
  assert.deepEqual(sockets, []);
  await picture(page, "token");
  await page.locator("#token").fill(hex);
  await page.locator("#token-send").click();
  const live = `.device-row[data-device="${scene.guarded_id}"][data-quality="live"]`;
  await page.locator(live).waitFor();
  assert.equal(await page.locator("#token, #token-wrong").count(), 0);
  await page.reload();
  await page.locator(live).waitFor();
  assert.ok(!page.url().includes(hex) && sockets.every((url) => !url.includes(hex)));
  assert.ok(!scene.guarded.text().includes(hex));
  assert.deepEqual(troubles.filter((text) => !text.includes("401")), []);
  await context.close();
});

test("who only reads is offered no change", async () => {
  const { page, context, troubles } = await scene.open("#/devices", { daemon: scene.guarded });
  await page.locator("#token").fill("only-reading");
  await page.locator("#token-send").click();
  await expect_text(page, "main", /Этот токен только читает: изменения недоступны/);
  assert.equal(await page.getByRole("button", { name: /Добавить|Изменить|Удалить/ }).count(), 0);
  await go(page, `#/device/${scene.guarded_id}/diagnostics`);
  await page.locator(".diagnostics").waitFor();
  assert.equal(await page.locator(".registers").count(), 0);
  assert.deepEqual(troubles.filter((text) => !text.includes("401")), []);
  await context.close();
});
