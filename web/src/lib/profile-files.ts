import type { Device } from "./types";

// Files of register maps (docs/controllers.md), as far as the page reads them itself.

// The name of a map: the first line `name = "…"` before the first table. Names in lists, such as those of fields, are no lines of their own.
export function name_in(toml: string): string | null {
  for (const line of toml.replace(/^\uFEFF/, "").split(/\r?\n/)) {
    const found = /^\s*(?:name|"name"|'name')\s*=\s*(?:"([^"]*)"|'([^']*)')/.exec(line);
    if (found) return (found[1] ?? found[2] ?? "") || null;
    if (/^\s*\[\[?\s*[\w."'-]+\s*\]\]?\s*(#.*)?$/.test(line)) return null;
  }
  return null;
}

// The line of the file that a refusal names: "my_genset:3: protocol = …".
export function refused_line(message: string, name: string, toml: string): { number: number; text: string } | null {
  const [before, number] = message.split(":", 2);
  if (before !== name || !/^\d+$/.test(number ?? "")) return null;
  const text = toml.split(/\r?\n/)[Number(number) - 1]?.trim();
  return text ? { number: Number(number), text } : null;
}

export const count_of_devices = (devices: Device[], name: string): number => devices.filter((device) => device.profile === name).length;
