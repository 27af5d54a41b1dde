// What the tests of the page have in common.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { launch, open_page } from "./browser.js";
import { Programs } from "./programs.js";

// Programs and browser of one file of tests; `prepare` gives what its tests look at.
export function stage(prepare) {
  const scene = { programs: new Programs(), browser: null };
  const contexts = [];
  before(async () => {
    scene.browser = await launch();
    Object.assign(scene, await prepare(scene.programs));
  });
  after(async () => {
    await scene.browser?.close();
    await scene.programs.end();
  });
  // A page at `hash` of the daemon; done() closes it and says what it should not have done.
  scene.open = async (hash = "#/", options = {}) => {
    const opened = await open_page(scene.browser, `${(options.daemon ?? scene.daemon).url}/${options.search ?? ""}${hash}`, options);
    contexts.push(opened.context);
    opened.done = async () => {
      await opened.context.close();
      assert.deepEqual(opened.troubles, []);
    };
    return opened;
  };
  return scene;
}

export const go = (page, hash) => page.evaluate((to) => void (location.hash = to), hash);

// The text of the first element, as it is seen; waits until it is what is wanted.
export async function expect_text(page, selector, wanted) {
  let seen;
  const deadline = Date.now() + 30000;
  do {
    seen = await page.evaluate((one) => document.querySelector(one)?.innerText?.replace(/\s+/g, " ").trim() ?? document.querySelector(one)?.textContent?.replace(/\s+/g, " ").trim() ?? null, selector);
    if (wanted instanceof RegExp ? wanted.test(seen ?? "") : seen === wanted) return seen;
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (Date.now() < deadline);
  assert.fail(`${selector} says ${JSON.stringify(seen)}, not ${wanted}`);
}

export const style = (page, selector, property) =>
  page.evaluate(([one, name]) => getComputedStyle(document.querySelector(one)).getPropertyValue(name), [selector, property]);

export const value = (page, field) => page.locator(`.val[data-field="${field}"] > .number`).first();

// For eyes: GENSETD_PICTURES names a folder.
export async function picture(page, name) {
  const folder = process.env.GENSETD_PICTURES;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true, animations: "disabled" });
}

// The pixels of a picture, counted by an empty page of the same browser. `count` is the body of a function of r, g, b.
export async function fraction_of_pixels(browser, png, count) {
  const page = await browser.newPage();
  const fraction = await page.evaluate(
    async ([data, body]) => {
      const counts = new Function("r", "g", "b", body);
      const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = canvas.getContext("2d");
      context.drawImage(bitmap, 0, 0);
      const { data: pixels } = context.getImageData(0, 0, bitmap.width, bitmap.height);
      let found = 0;
      for (let at = 0; at < pixels.length; at += 4) if (counts(pixels[at], pixels[at + 1], pixels[at + 2])) found += 1;
      return found / (pixels.length / 4);
    },
    [png.toString("base64"), count],
  );
  await page.close();
  return fraction;
}

export const saturated = "const high = Math.max(r, g, b); return high > 40 && (high - Math.min(r, g, b)) / high > 0.5;";
