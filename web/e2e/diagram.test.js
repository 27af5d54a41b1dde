// The single-line diagram, wide and narrow.
import assert from "node:assert/strict";
import { test } from "node:test";
import { busbar_on_gensets, genset, mains_lost, switchboard } from "./controller.js";
import { expect_text, picture, set_up, style } from "./fixture.js";

const fixture = set_up(async (programs) => {
  const daemon = await programs.daemon();
  const [board, one, two] = await programs.controllers(switchboard(), genset(), genset());
  const site = await daemon.add_site("MKZ");
  const ids = [await daemon.add_device(site, "ДГУ-1", one), await daemon.add_device(site, "ДГУ-2", two), await daemon.add_device(site, "ШПР", board)];
  await daemon.online(...ids);
  return { daemon, board, one, two, site };
});

const switchboard_normal = { mains_status: 0, mains_switch: 3, busbar_switch: 7, mains_uab: 398, mains_freq: 50, mains_total_p: 374.8, busbar_uab: 0, busbar_freq: 0, busbar_p: 0 };
const words = [
  "Синхронизация", "Задержка включения", "Ожидание включения", "Включён",
  "Разгрузка", "Задержка отключения", "Ожидание отключения", "Отключён",
];
const running = { gen_status: 9, gen_normal: true, gen_uab: 400, gen_ubc: 400, gen_uca: 400, gen_freq: 50 };

for (const width of [1440, 390]) {
  test(`each switch code has its symbol and its text, ${width} px`, async () => {
    const { page, done } = await fixture.open(`#/site/${fixture.site}`, { width });
    for (let code = 0; code < 8; code += 1) {
      fixture.board.set({ mains_switch: code });
      const state = code >= 3 && code <= 6 ? "closed" : "open";
      const breaker = `[data-breaker="QF1"][data-state="${state}"][aria-label="QF1: ${words[code]}"]`;
      await page.locator(breaker).waitFor();
      const fill = await style(page, `${breaker} .body`, "fill");
      const background = await style(page, ".panel.diagram", "background-color");
      assert.equal(fill !== background, state === "closed", `code ${code}: ${fill} on ${background}`);
      assert.equal(await page.locator(`${breaker} .cross`).count(), state === "open" ? 1 : 0);
      assert.equal(await page.locator(`${breaker}.moving`).count(), [3, 7].includes(code) ? 0 : 1);
      assert.ok((await page.locator(".sld").innerText()).includes(words[code]) || (await page.locator(".sld svg").first().textContent()).includes(words[code]));
    }
    fixture.board.set({ mains_switch: 3 });
    await page.locator('[data-breaker="QF1"][aria-label="QF1: Включён"]').waitFor();
    await done();
  });
}

const on_gensets = { ...mains_lost, ...busbar_on_gensets };
const plants = [
  ["on mains", { mains_switch: 3 }, {}, {}, "on_mains", "под напряжением", "без напряжения"],
  ["islanded", on_gensets, { ...running, gen_closed: true }, {}, "on_gensets", "под напряжением", "под напряжением"],
  ["parallel", { ...busbar_on_gensets, busbar_switch: 3 }, { ...running, gen_closed: true }, {}, "parallel", "под напряжением", "под напряжением"],
  ["test run", {}, { ...running, gen_closed: false }, {}, "test_run", "под напряжением", "без напряжения"],
  ["blackout", { ...mains_lost, busbar_switch: 7 }, {}, {}, "blackout", "без напряжения", "без напряжения"],
  ["unknown switch", { mains_switch: 9 }, {}, {}, "unknown", "напряжение неизвестно", "без напряжения"],
];
for (const [name, board, one, two, situation, load, bus] of plants) {
  test(`what is energised: ${name}`, async () => {
    fixture.board.set({ ...switchboard_normal, ...board });
    for (const [set, values] of [[fixture.one, one], [fixture.two, two]]) set.set({ gen_status: 0, gen_normal: false, gen_closed: false, gen_uab: 0, gen_freq: 0, ...values });
    for (const width of [1440, 390]) {
      const { page, done } = await fixture.open(`#/site/${fixture.site}`, { width });
      await page.locator(`[data-situation="${situation}"]`).waitFor();
      await page.locator(`[role="img"][aria-label="НАГРУЗКА: ${load}"]`).waitFor({ state: "attached" });
      await page.locator(`[role="img"][aria-label="ШИНА: ${bus}"]`).waitFor({ state: "attached" });
      await picture(page, `diagram-${name.replace(" ", "-")}-${width}`);
      await done();
    }
  });
}

test("a measurement that contradicts the breakers is reported", async () => {
  fixture.board.set({ ...switchboard_normal, busbar_uab: 400 });
  const { page, done } = await fixture.open(`#/site/${fixture.site}`);
  await expect_text(page, ".contradiction", /^⚠ Расхождение/);
  fixture.board.set({ busbar_uab: 0 });
  await page.locator(".contradiction").waitFor({ state: "detached" });
  await done();
});

test("the chosen breaker colours are kept after a reload", async () => {
  fixture.board.set(switchboard_normal);
  const { page, done } = await fixture.open(`#/site/${fixture.site}`);
  const closed = '[data-breaker="QF1"][data-state="closed"] .body';
  await page.locator(closed).waitFor();
  const neutral = await style(page, closed, "fill");
  for (const [choice, colour] of [["red", /^rgb\((1[5-9]\d|2\d\d), \d{1,2}, \d{1,2}\)$/], ["green", /^rgb\(\d{1,2}, 1\d\d, \d{1,2}\)$/]]) {
    await page.locator(".menu-button").click();
    await page.locator(`input[name="colours"][value="${choice}"]`).check();
    await page.locator(".menu-button").click();
    assert.match(await style(page, closed, "fill"), colour);
    await page.reload();
    await page.locator(closed).waitFor();
    assert.match(await style(page, closed, "fill"), colour, "after a reload");
  }
  assert.doesNotMatch(neutral, /rgb\((1[5-9]\d|2\d\d), \d{1,2}, \d{1,2}\)/);
  await done();
});

test("the site page has no controls that look like commands to a genset", async () => {
  const { page, done } = await fixture.open(`#/site/${fixture.site}`);
  await page.locator(".sld").waitFor();
  assert.equal(await page.locator(".sld button, .sld input, .sld [onclick], .sld [role=button], .sld [role=switch]").count(), 0);
  const names = await page.locator("button").allInnerTexts();
  assert.deepEqual(names.filter((name) => /пуск|стоп|включ|отключ|start|stop|open|close/i.test(name)), []);
  await done();
});
