// Finding controllers at an address in the form that adds a device, against the simulator.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { expect_text, picture, set_up } from "./fixture.js";
import { free_port } from "./programs.js";

const fixture = set_up(async (programs) => {
  const daemon = await programs.daemon({ MODBUS_TIMEOUT: "0.5" });
  const simulator = await programs.simulator("--devices", "2", "--one-port");
  const plant = await programs.simulator("--baud", "115200");
  await daemon.add_site("MKZ");
  return { daemon, simulator, plant };
});

const field = (page, name) => page.locator(`dialog [name="${name}"]`);

async function open_form(language, port) {
  const opened = await fixture.open("#/devices", { language });
  await opened.page.getByRole("button", { name: language === "ru" ? "+ Добавить устройство" : "+ Add a device" }).click();
  assert.equal(await opened.page.locator("#scan-address").isDisabled(), true); // there is no address yet
  await field(opened.page, "ip_address").fill("127.0.0.1");
  await field(opened.page, "port").fill(String(port));
  return opened;
}

test("a unit that is found is picked into the form and added", async () => {
  const { page, done } = await open_form("ru", fixture.simulator.port);
  await page.getByRole("button", { name: "Найти контроллеры по адресу" }).click();
  await expect_text(page, '.scan [data-unit="1"]', /^Адрес Modbus 1: HGM9520N, скорее всего Выбрать адрес 1 .*blocks answer/);
  await page.locator('.scan [data-unit="2"]').waitFor();
  assert.equal(await page.locator(".scan [data-unit]").count(), 2);
  await picture(page, "scan");
  await page.getByRole("button", { name: "Выбрать адрес 2" }).click();
  assert.deepEqual(await Promise.all(["slave_id", "protocol", "profile", "device_type"].map((name) => field(page, name).inputValue())), [
    "2", "tcp", "hgm9520n", "generator",
  ]);
  await field(page, "name").fill("ДГУ-2");
  await page.getByRole("button", { name: "Сохранить" }).click();
  await page.locator('tr[data-quality="live"]', { hasText: "ДГУ-2" }).waitFor();
  const [device] = await fixture.daemon.request("GET", "/api/devices");
  assert.deepEqual([device.slave_id, device.port, device.profile], [2, fixture.simulator.port, "hgm9520n"]);
  await page.getByRole("button", { name: "+ Добавить устройство" }).click();
  await field(page, "ip_address").fill("127.0.0.1");
  await field(page, "port").fill(String(fixture.simulator.port));
  await page.locator("#scan-address").click();
  await expect_text(page, '.scan [data-unit="2"]', /уже добавлен: ДГУ-2/);
  await done();
});

test("a switchboard sets the device type, and the protocol stays", async () => {
  const { page, done } = await open_form("en", fixture.plant.port + 2);
  await field(page, "protocol").selectOption("rtu_over_tcp");
  await page.getByRole("button", { name: "Scan address" }).click();
  await expect_text(page, '.scan [data-unit="1"]', /^Unit 1: HGM9560, most likely Use unit 1/);
  await page.getByRole("button", { name: "Use unit 1" }).click();
  assert.deepEqual(await Promise.all(["slave_id", "protocol", "profile", "device_type"].map((name) => field(page, name).inputValue())), [
    "1", "rtu_over_tcp", "hgm9560", "ats",
  ]);
  await done();
});

test("no connection, no controller and another scan are explained", async () => {
  const silent = createServer(() => undefined);
  await new Promise((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { page, context } = await open_form("ru", await free_port());
  await page.locator("#scan-address").click();
  await expect_text(page, ".scan .bad", /connection refused.*Порт закрыт: проверьте IP-адрес/);
  await field(page, "port").fill(String(silent.address().port));
  await page.locator("#scan-address").click();
  await page.getByRole("button", { name: "Прервать" }).click();
  await page.locator("#scan-address").click(); // the daemon is still scanning
  await expect_text(page, ".scan .bad", "Уже идёт другой поиск: повторите через минуту.");
  await context.close(); // the browser logs the status 409 in its console
  silent.close();
});
