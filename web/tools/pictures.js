// Makes the pictures of the documents from a simulated plant: 'npm run pictures' (GENSETD names the program). Takes four minutes.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { launch, open_page } from "../e2e/browser.js";
import { source } from "../e2e/paths.js";
import { Programs } from "../e2e/programs.js";

const folder = join(source, "docs/pictures");
const programs = new Programs();
const browser = await launch();
try {
  const daemon = await programs.daemon({ EVENTS_OFFLINE_DELAY: "1" });
  const plant = await programs.simulator();
  const ids = [];
  for (const [code, first] of [["MKZ", 0], ["YKZ", 10]]) {
    const site = await daemon.add_site(code);
    for (const [offset, name] of ["Genset 1", "Genset 2"].entries()) ids.push(await daemon.add_device(site, name, { port: plant.port + first + offset }));
    ids.push(await daemon.add_device(site, "Switchboard", { port: plant.port + first + 2 }, { device_type: "ats", protocol: "rtu_over_tcp" }));
  }
  await daemon.online(...ids);
  const lost = await daemon.add_device(2, "Genset 3", { port: 1 });
  await daemon.until(lost, (reading) => !reading.online, "the offline device");
  mkdirSync(folder, { recursive: true });
  for (const [name, hash, theme, height] of [["fleet", "#/", "light", 340], ["site", "#/site/1", "dark", 900]]) {
    const { page, context } = await open_page(browser, `${daemon.url}/${hash}`, { language: "en", theme, width: 1280, height });
    await page.locator(name === "fleet" ? '.device-row[data-quality="live"]' : "[data-load]").first().waitFor();
    if (name === "site") {
      await page.getByRole("button", { name: "5 min", exact: true }).first().click();
      await new Promise((resolve) => setTimeout(resolve, 200_000)); // fills most of the trends
    }
    await page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled" });
    await context.close();
  }
} finally {
  await browser.close();
  await programs.end();
}
