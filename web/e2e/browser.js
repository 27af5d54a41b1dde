// Debian's Chromium, and what a page did that it should not have.
import { chromium as driver } from "playwright-core";
import { chromium } from "./places.js";

const arguments_of_browser = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const widths = { 390: 844, 1440: 900, 1920: 1080 };

export function launch(...more) {
  return driver.launch({ executablePath: chromium, args: [...arguments_of_browser, ...more] });
}

// A page of its own storage. `troubles` holds errors of the console, broken rules of the Content-Security-Policy, and requests to
// other machines; what a lost server makes the browser itself say is none of them.
export async function open_page(browser, url, { language = "ru", theme = "light", width = 1440, height = widths[width] ?? 900, ...more } = {}) {
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme: theme, locale: language === "ru" ? "ru-RU" : "en-GB", timezoneId: "Europe/Moscow", ...more,
  });
  await context.addInitScript((wanted) => {
    if (localStorage.getItem("gensetd.language") === null) localStorage.setItem("gensetd.language", wanted);
    document.addEventListener("securitypolicyviolation", (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`));
  }, language);
  const page = await context.newPage();
  const troubles = [];
  const host = new URL(url).host;
  page.on("console", (message) => {
    if (message.type() === "error" && !/ERR_CONNECTION|ERR_EMPTY_RESPONSE|WebSocket connection to/.test(message.text())) troubles.push(message.text());
  });
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("request", (request) => {
    if (/^(https?|wss?):/.test(request.url()) && new URL(request.url()).host !== host) troubles.push(`asked ${request.url()}`);
  });
  await page.goto(url);
  return { page, context, troubles };
}
