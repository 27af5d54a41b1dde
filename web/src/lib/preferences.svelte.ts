import { fill, load_texts, preferred_language, type Key, type Texts } from "./i18n";
import { store_value, stored_value } from "./storage";
import type { Language } from "./types";

// What the user of this browser chose. Each setter also stores the choice for the next visit.

export type Theme = "auto" | "light" | "dark";
export type BreakerColours = "neutral" | "red" | "green";

function one_of<T extends string>(value: string | null, allowed: readonly T[], default_value: T): T {
  return allowed.find((one) => one === value) ?? default_value;
}

class Preferences {
  language = $state<Language>(preferred_language(stored_value("language"), navigator.languages));
  texts = $state.raw({} as Texts); // empty until load_language() has finished
  theme = $state<Theme>(one_of(stored_value("theme"), ["auto", "light", "dark"], "auto"));
  breaker_colours = $state<BreakerColours>(one_of(stored_value("breakers"), ["neutral", "red", "green"], "neutral"));
  hotkeys = $state(stored_value("hotkeys") !== "0");
  sound = $state(stored_value("sound") === "1");
  muted_until = $state(0); // compared with app.elapsed; not stored

  t = (key: Key, values?: Record<string, unknown>): string => {
    const text = this.texts[key];
    return values ? fill(text, values) : text;
  };

  async load_language(): Promise<void> {
    this.texts = await load_texts(this.language);
  }

  async set_language(language: Language): Promise<void> {
    this.texts = await load_texts(language);
    this.language = language;
    store_value("language", language);
  }

  set_theme(theme: Theme): void {
    this.theme = theme;
    store_value("theme", theme);
  }

  set_breaker_colours(colours: BreakerColours): void {
    this.breaker_colours = colours;
    store_value("breakers", colours);
  }

  set_hotkeys(on: boolean): void {
    this.hotkeys = on;
    store_value("hotkeys", on ? "1" : "0");
  }

  set_sound(on: boolean): void {
    this.sound = on;
    store_value("sound", on ? "1" : "0");
  }
}

export const preferences = new Preferences();
export const t = preferences.t;
