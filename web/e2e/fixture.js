// Common parts of the browser tests.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { launch, open_page } from "./browser.js";
import { Programs } from "./programs.js";

// Starts the browser and programs of a test file and ends them after the tests. `prepare` starts the programs and returns what the
// tests use; its fields become fields of the fixture.
export function set_up(prepare) {
  const fixture = { programs: new Programs(), browser: null };
  const contexts = [];
  before(async () => {
    fixture.browser = await launch();
    Object.assign(fixture, await prepare(fixture.programs));
  });
  after(async () => {
    await fixture.browser?.close();
    await fixture.programs.end();
  });
  // Opens a page of the daemon at `hash`; done() closes it and fails if it had problems.
  fixture.open = async (hash = "#/", options = {}) => {
    const opened = await open_page(fixture.browser, `${(options.daemon ?? fixture.daemon).url}/${options.search ?? ""}${hash}`, options);
    contexts.push(opened.context);
    opened.done = async () => {
      await opened.context.close();
      assert.deepEqual(opened.problems, []);
    };
    return opened;
  };
  return fixture;
}

export const go = (page, hash) => page.evaluate((to) => void (location.hash = to), hash);

// Waits until the visible text of the first matching element is `expected`, at most 30 s.
export async function expect_text(page, selector, expected) {
  let seen;
  const deadline = Date.now() + 30000;
  do {
    seen = await page.evaluate((one) => {
      const element = document.querySelector(one);
      const text = element?.innerText ?? element?.textContent;
      return text?.replace(/\s+/g, " ").trim() ?? null;
    }, selector);
    if (expected instanceof RegExp ? expected.test(seen ?? "") : seen === expected) return seen;
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (Date.now() < deadline);
  assert.fail(`${selector} is ${JSON.stringify(seen)}, not ${expected}`);
}

export const style = (page, selector, property) =>
  page.evaluate(([one, name]) => getComputedStyle(document.querySelector(one)).getPropertyValue(name), [selector, property]);

export const value = (page, field) => page.locator(`.val[data-field="${field}"] > .number`).first();

// Saves a screenshot for visual checks in the folder that GENSETD_PICTURES names.
export async function picture(page, name) {
  const folder = process.env.GENSETD_PICTURES;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true, animations: "disabled" });
}

// The share of pixels for which `condition` is true. `condition` is the body of a function of r, g, b; an empty page runs it.
export async function fraction_of_pixels(browser, png, condition) {
  const page = await browser.newPage();
  const fraction = await page.evaluate(
    async ([data, body]) => {
      const matches = new Function("r", "g", "b", body);
      const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = canvas.getContext("2d");
      context.drawImage(bitmap, 0, 0);
      const { data: pixels } = context.getImageData(0, 0, bitmap.width, bitmap.height);
      let found = 0;
      for (let at = 0; at < pixels.length; at += 4) if (matches(pixels[at], pixels[at + 1], pixels[at + 2])) found += 1;
      return found / (pixels.length / 4);
    },
    [png.toString("base64"), condition],
  );
  await page.close();
  return fraction;
}

export const saturated = "const high = Math.max(r, g, b); return high > 40 && (high - Math.min(r, g, b)) / high > 0.5;";
