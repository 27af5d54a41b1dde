import type { en } from "../texts/en";
import type { Language } from "./types";

export type Key = keyof typeof en;
export type Texts = Record<Key, string>;

// Loads one language; the other stays on the server.
export async function load_texts(language: Language): Promise<Texts> {
  return language === "ru" ? (await import("../texts/ru")).ru : (await import("../texts/en")).en;
}

// Replaces placeholders: "{n} of {m}" with {n: 1} is "1 of {m}". A placeholder without a value stays, so that the mistake is visible.
export function fill(text: string, values: Record<string, unknown>): string {
  return text.replace(/\{(\w+)\}/g, (placeholder, name: string) => (values[name] === undefined || values[name] === null ? placeholder : String(values[name])));
}

// The stored choice, else the first of the browser's languages that the page has, else Russian.
export function preferred_language(stored: string | null, browser_languages: readonly string[]): Language {
  if (stored === "ru" || stored === "en") return stored;
  for (const tag of browser_languages) {
    if (tag.toLowerCase().startsWith("ru")) return "ru";
    if (tag.toLowerCase().startsWith("en")) return "en";
  }
  return "ru";
}
