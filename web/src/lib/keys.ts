import { app } from "./app.svelte";
import { preferences } from "./preferences.svelte";
import { parse_route, type Route } from "./route";

// Keyboard shortcuts. They are inactive while the user types or a dialog is open, and can be switched off.

const pages: Record<string, string> = { f: "#/", a: "#/alarms", e: "#/events", d: "#/devices" };
const go_within_ms = 1500;

function is_typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
}

function move(step: number): void {
  const links = [...document.querySelectorAll<HTMLElement>("main a[href^='#/device/'], main a[href^='#/site/']")].filter((one) => one.offsetParent !== null || one.closest("svg"));
  const at = links.indexOf(document.activeElement as HTMLElement);
  links[at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.max(0, Math.min(links.length - 1, at + step))]?.focus();
}

// From the address bar, since app.route is updated only by the hashchange event, and the next key may come earlier.
const current_route = (): Route => parse_route(location.hash);

function up(): void {
  const route = current_route();
  if (route.page === "device") {
    const device = app.devices.find((one) => one.id === route.id);
    location.hash = route.part === "diagnostics" ? `#/device/${route.id}` : device ? `#/site/${device.site_id}` : "#/";
  } else if (route.page !== "fleet") {
    location.hash = "#/";
  }
}

export function neighbours(id: number): { previous: number | null; next: number | null } {
  const device = app.devices.find((one) => one.id === id);
  const ids = device ? app.devices_of(device.site_id).map((one) => one.id) : [];
  const at = ids.indexOf(id);
  return { previous: ids[at - 1] ?? null, next: at < 0 ? null : ids[at + 1] ?? null };
}

export function listen_to_keys(actions: { help: () => void; acknowledge: () => void }): () => void {
  let going_until = 0;
  const pressed = (event: KeyboardEvent) => {
    if (!preferences.hotkeys || event.ctrlKey || event.altKey || event.metaKey || is_typing(event.target) || document.querySelector("dialog[open]")) return;
    const going = performance.now() < going_until;
    going_until = 0;
    const route = current_route();
    const adjacent = route.page === "device" ? neighbours(route.id) : { previous: null, next: null };
    if (going && pages[event.key]) location.hash = pages[event.key]!;
    else if (event.key === "g") going_until = performance.now() + go_within_ms;
    else if (event.key === "/") document.querySelector<HTMLElement>("input[type='search']")?.focus();
    else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "Escape") up();
    else if (event.key === "[" && adjacent.previous) location.hash = `#/device/${adjacent.previous}`;
    else if (event.key === "]" && adjacent.next) location.hash = `#/device/${adjacent.next}`;
    else if (event.key === "a") actions.acknowledge();
    else if (event.key === "?") actions.help();
    else return;
    event.preventDefault();
  };
  window.addEventListener("keydown", pressed);
  return () => window.removeEventListener("keydown", pressed);
}
