// What axe finds on a page: rules of accessibility that it violates.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function axe_violations(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const found = await window.axe.run(document, { resultTypes: ["violations"] });
    return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`);
  });
}

// How many pixels the page is wider than the window.
export const overflow_of = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
