import type { ru } from "../texts/ru";
import type { Language } from "./types";

export type Key = keyof typeof ru;
export type Texts = Record<Key, string>;

// Only the language that is used is loaded.
export async function load_texts(language: Language): Promise<Texts> {
  return language === "ru" ? (await import("../texts/ru")).ru : (await import("../texts/en")).en;
}

// "{n} of {m}" with {n: 1}: a place without a value keeps its braces, so that it is seen.
export function fill(text: string, values: Record<string, unknown>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => (values[name] === undefined || values[name] === null ? place : String(values[name])));
}

export function preferred_language(stored: string | null, wanted: readonly string[]): Language {
  if (stored === "ru" || stored === "en") return stored;
  for (const tag of wanted) {
    if (tag.toLowerCase().startsWith("ru")) return "ru";
    if (tag.toLowerCase().startsWith("en")) return "en";
  }
  return "ru";
}
