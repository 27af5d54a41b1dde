// Every page of a plant with an alarm and an offline device, in both languages and themes and at each width: no violations found by
// axe, no truncated text, no violation of the Content-Security-Policy, no request to other hosts. GENSETD_PICTURES names a folder for
// screenshots.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe_violations } from "./axe.js";
import { widths } from "./browser.js";
import { running_genset } from "./controller.js";
import { picture, set_up } from "./fixture.js";

const fixture = set_up(async (programs) => {
  const daemon = await programs.daemon({ MODBUS_TIMEOUT: "0.5", EVENTS_OFFLINE_DELAY: "1" });
  const plant = await programs.simulator();
  const ids = [];
  for (const [code, first] of [["MKZ", 0], ["YKZ", 10]]) {
    const site = await daemon.add_site(code);
    const device = (name, offset, more) => daemon.add_device(site, name, { port: plant.port + first + offset }, more);
    ids.push(await device("ДГУ-1", 0), await device("ДГУ-2", 1), await device("ЩПТ", 2, { device_type: "ats", profile: "hgm9560", protocol: "rtu_over_tcp" }));
  }
  const [alarmed] = await programs.controllers(running_genset({ alarm_common: true, alarm_shutdown: true, alarm_count: 1 }));
  ids.push(await daemon.add_device(2, "ДГУ-3", alarmed));
  await daemon.online(...ids);
  const lost = await daemon.add_device(1, "ДГУ-3", { port: 1 });
  await daemon.until(lost, (reading) => !reading.online, "the offline device");
  return { daemon, ids, lost };
});

const pages = () => ({
  fleet: "#/",
  site: "#/site/1",
  device: `#/device/${fixture.ids[0]}`,
  switchboard: `#/device/${fixture.ids[2]}`,
  "device-lost": `#/device/${fixture.lost}`,
  diagnostics: `#/device/${fixture.ids[0]}/diagnostics`,
  alarms: "#/alarms",
  events: "#/events",
  devices: "#/devices",
  kiosk: "?kiosk=1#/",
  "kiosk-site": "?kiosk=1&site=1#/",
});

for (const theme of ["light", "dark"]) {
  for (const width of Object.keys(widths).map(Number)) {
    for (const language of ["ru", "en"]) {
      test(`every page is without errors: ${theme}, ${width} px, ${language}`, async () => {
        const found = [];
        for (const [name, address] of Object.entries(pages())) {
          const [search, hash] = address.startsWith("?") ? address.split("#") : ["", address.slice(1)];
          const { page, done } = await fixture.open(`#${hash}`, { search, theme, width, language });
          await page.locator("main h1, main h2, main .site, main [data-device]").first().waitFor();
          if (name !== "alarms") await page.locator(".alarm-strip").waitFor(); // the alarms page has the whole list instead
          await page.waitForFunction(() => document.body.innerText.includes("МКЗ") || document.body.innerText.length > 200);
          await picture(page, `${name}-${width}-${theme}-${language}`);
          const bad_text = await page.evaluate(() => /undefined|NaN|\bnull\b|\[object|Infinity/.exec(document.body.innerText)?.[0]);
          if (bad_text) found.push(`${name}: contains ${bad_text}`);
          const cut = await page.evaluate(() =>
            [...document.querySelectorAll(".badge")].filter((badge) => badge.scrollWidth > badge.clientWidth + 1).map((badge) => badge.innerText));
          if (cut.length > 0) found.push(`${name}: cut off: ${cut}`);
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          if (overflow > 0) found.push(`${name}: ${overflow} px wider than the window`);
          found.push(...(await axe_violations(page)).map((one) => `${name}: ${one}`));
          await done();
        }
        assert.deepEqual(found, []);
      });
    }
  }
}
