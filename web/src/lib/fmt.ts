import type { Language, Value } from "./types";

export const no_data = "—";
const nbsp = "\u00a0";
const locales: Record<Language, string> = { ru: "ru-RU", en: "en-GB" };
const formats = new Map<string, Intl.NumberFormat>();
const dates = new Map<string, Intl.DateTimeFormat>();

function number_format(language: Language, decimals: number, signed: boolean): Intl.NumberFormat {
  const key = `${language} ${decimals} ${signed}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locales[language], {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
      signDisplay: signed ? "exceptZero" : "auto",
    });
    formats.set(key, format);
  }
  return format;
}

// "1 502", "−3,5", "+40,1"; a dash for anything that is not a finite number. null is shown as a dash, 0 as 0.
export function format_number(value: Value, decimals: number, language: Language, signed = false): string {
  if (typeof value !== "number" || !Number.isFinite(value)) return no_data;
  const text = number_format(language, decimals, signed).format(value).replace(/-/g, "−").replace(/[\u202f ]/g, nbsp);
  return /[1-9]/.test(text) ? text : text.replace("−", ""); // −0.04 with one decimal is 0.0, without a minus sign
}

export function with_unit(number: string, unit: string): string {
  return unit ? number + nbsp + unit : number;
}

const age_units: Record<Language, [string, string, string, string]> = { ru: ["с", "мин", "ч", "сут"], en: ["s", "min", "h", "d"] };

// "12 с", "5 мин", "3 ч", "4 сут".
export function format_age(age_ms: number | null, language: Language): string {
  if (age_ms === null) return no_data;
  const [s, min, h, d] = age_units[language];
  const seconds = Math.floor(age_ms / 1000);
  if (seconds < 120) return `${seconds}${nbsp}${s}`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}${nbsp}${min}`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)}${nbsp}${h}`;
  return `${Math.floor(seconds / 86400)}${nbsp}${d}`;
}

type Shape = "time" | "minute" | "date" | "full";
const shapes: Record<Shape, Intl.DateTimeFormatOptions> = {
  time: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  minute: { hour: "2-digit", minute: "2-digit" },
  date: { day: "2-digit", month: "2-digit", hour: "2-digit", minute: "2-digit" },
  full: { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" },
};

export function format_time(time: string | number | null | undefined, shape: Shape, language: Language): string {
  if (time === null || time === undefined) return no_data;
  const at = typeof time === "number" ? time : Date.parse(time);
  if (!Number.isFinite(at)) return no_data;
  const key = `${language} ${shape}`;
  let format = dates.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locales[language], { ...shapes[shape], hourCycle: "h23" });
    dates.set(key, format);
  }
  return format.format(at);
}

// The time of day, with the date if it is not the server's today.
export function format_moment(time: string | null | undefined, server_now_ms: number, language: Language): string {
  if (!time) return no_data;
  const day = (at: number) => new Date(at).toDateString();
  return format_time(time, day(Date.parse(time)) === day(server_now_ms) ? "time" : "date", language);
}

// "4 323 ч 05 мин".
export function format_run_time(hours: Value, minutes: Value, language: Language): string {
  if (typeof hours !== "number") return no_data;
  const [, min, h] = age_units[language];
  const whole = with_unit(format_number(hours, 0, language), h);
  return typeof minutes === "number" ? `${whole}${nbsp}${String(minutes).padStart(2, "0")}${nbsp}${min}` : whole;
}
