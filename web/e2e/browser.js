// Debian's Chromium, with a record of errors on each page.
import { chromium as driver } from "playwright-core";
import { chromium } from "./paths.js";

const arguments_of_browser = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

export const widths = { 390: 844, 1440: 900, 1920: 1080 };

export function launch(...more) {
  return driver.launch({ executablePath: chromium, args: [...arguments_of_browser, ...more] });
}

// A page with its own storage. `problems` collects console errors, violations of the Content-Security-Policy, and requests to
// other hosts. It leaves out the errors that the browser logs when the server is down.
export async function open_page(browser, url, { language = "ru", theme = "light", width = 1440, height = widths[width] ?? 900, ...more } = {}) {
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme: theme, locale: language === "ru" ? "ru-RU" : "en-GB", timezoneId: "Europe/Moscow", ...more,
  });
  await context.addInitScript((initial_language) => {
    if (localStorage.getItem("gensetd.language") === null) localStorage.setItem("gensetd.language", initial_language);
    document.addEventListener("securitypolicyviolation", (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`));
  }, language);
  const page = await context.newPage();
  const problems = [];
  const host = new URL(url).host;
  page.on("console", (message) => {
    if (message.type() === "error" && !/ERR_CONNECTION|ERR_EMPTY_RESPONSE|WebSocket connection to/.test(message.text())) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("request", (request) => {
    if (/^(https?|wss?):/.test(request.url()) && new URL(request.url()).host !== host) problems.push(`request to ${request.url()}`);
  });
  await page.goto(url);
  return { page, context, problems };
}
