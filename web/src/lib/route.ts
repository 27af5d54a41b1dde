// The page that the address names. Routes stand after '#', so the server needs no rule for them.

export type Route =
  | { page: "fleet" }
  | { page: "site"; id: number }
  | { page: "device"; id: number; part: "values" | "diagnostics" }
  | { page: "alarms" }
  | { page: "events" }
  | { page: "devices" }
  | { page: "unknown" };

export interface Kiosk {
  site: number | null;
  rotate_s: number | null;
}

const id_of = (text: string | undefined): number | null => (text && /^[1-9]\d{0,15}$/.test(text) ? Number(text) : null);

export function parse_route(hash: string): Route {
  const path = hash.replace(/^#/, "").split("?")[0] ?? "";
  const parts = path.split("/").filter((part) => part !== "");
  const [page, second, third] = parts;
  if (page === undefined) return { page: "fleet" };
  const id = id_of(second);
  if (page === "site" && id !== null && parts.length === 2) return { page, id };
  if (page === "device" && id !== null && parts.length === 2) return { page, id, part: "values" };
  if (page === "device" && id !== null && third === "diagnostics" && parts.length === 3) return { page, id, part: "diagnostics" };
  if ((page === "alarms" || page === "events" || page === "devices") && parts.length === 1) return { page };
  return { page: "unknown" };
}

// Options of a wall display: ?kiosk=1[&site=3][&rotate=20], before or after '#'. Null: not a wall display.
export function parse_kiosk(search: string, hash: string): Kiosk | null {
  const after_hash = hash.includes("?") ? hash.slice(hash.indexOf("?") + 1) : "";
  const options = new URLSearchParams(search.replace(/^\?/, "") + "&" + after_hash);
  if (options.get("kiosk") !== "1") return null;
  const rotate = Number(options.get("rotate"));
  return { site: id_of(options.get("site") ?? undefined), rotate_s: rotate >= 5 && rotate <= 3600 ? rotate : null };
}
