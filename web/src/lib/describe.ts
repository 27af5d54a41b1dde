import { named_text } from "./alarm-help";
import { alarm_log } from "./alarm-log.svelte";
import { app } from "./app.svelte";
import { code_text } from "./fields";
import { format_age } from "./fmt";
import { alarm_classes, alarms_of, type Alarm } from "./health";
import { fill, type Key } from "./i18n";
import { preferences, t } from "./preferences.svelte";
import { age_ms, type Quality } from "./quality";
import { field_of, value_at } from "./roles";
import type { SiteState } from "./site-state";
import type { Breaker, Input, Presence } from "./topology";
import type { Device, PlantEvent, Reading, Site } from "./types";

// Texts for states, alarms and events in the current language.

// The state of the machine, or why it is unknown.
export function state_text(input: Input): string {
  const keys: Partial<Record<Quality, Key>> = { disabled: "state_disabled", waiting: "state_waiting", never: "state_never", offline: "state_offline" };
  const key = keys[input.quality];
  if (key) return t(key);
  const text = input.device.device_type === "ats" ? mains_breaker_text(input) : status_text(input);
  return text ?? t("state_no_status");
}

export function status_text(input: Input): string | null {
  return code_at(input, "engine.state");
}

// A switchboard's state is the position of its mains breaker.
function mains_breaker_text(input: Input): string | null {
  const closed = value_at(input, "breaker.mains.closed");
  return code_at(input, "breaker.mains.state") ?? (typeof closed === "boolean" ? t(closed ? "closed" : "opened") : null);
}

function code_at(input: Input, role: string): string | null {
  return code_text(input.profile, field_of(input.profile, role), value_at(input, role), preferences.language);
}

export function age_of(reading: Reading | null): string {
  return format_age(age_ms(reading, app.elapsed), preferences.language);
}

export function alarm_text(alarm: Alarm, short = false): string {
  const key = text_key(alarm.code);
  return t((short ? `short_${key}` : key) as Key);
}

export function worst_alarm(input: Input): Alarm | null {
  return alarms_of(input)[0] ?? null;
}

export function situation_text(state: SiteState): string {
  return t(`situation_${state.situation}` as Key, { n: state.gensets_feeding, m: state.gensets });
}

export function breaker_text(breaker: Breaker, input: Input | null): string {
  if (breaker.code !== null && breaker.field && input) return code_text(input.profile, breaker.field, breaker.code, preferences.language) ?? t("unknown");
  if (breaker.conducting === "unknown") return t("unknown");
  return t(breaker.conducting ? "closed" : "opened");
}

export function presence_text(presence: Presence): string {
  return t(`presence_${presence}`);
}

export function device_by_id(id: number | null): Device | null {
  return app.devices.find((device) => device.id === id) ?? null;
}

export function site_of(event: PlantEvent): Site | undefined {
  const id = event.site_id ?? device_by_id(event.device_id)?.site_id;
  return app.sites.find((one) => one.id === id);
}

export function where_text(event: PlantEvent): string {
  const device = device_by_id(event.device_id);
  const site = site_of(event);
  const code = event.site_code || site?.code || "";
  const name = device?.name ?? (event.device_id === null ? "" : `№ ${event.device_id}`);
  return [code, name].filter((part) => part !== "").join(" / ");
}

// The text of the event code with the event's values. Field names, codes and modes are replaced by their labels.
export function event_text(event: PlantEvent): string {
  const named = named_text(event, preferences.language);
  if (named !== null) return named;
  const text = alarm_log.codes.get(event.code)?.text[preferences.language];
  if (text === undefined) return fallback_codes.has(event.code) ? t(text_key(event.code) as Key) : event.code;
  const device = device_by_id(event.device_id);
  const profile = device ? app.profiles.get(device.profile) : undefined;
  const field = profile?.fields.find((one) => one.name === event.args.field);
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(event.args)) {
    if (field?.codes && (name === "from" || name === "to") && typeof value === "number") values[name] = code_text(profile, field, value, preferences.language);
    else if (name === "field") values[name] = field?.label[preferences.language] ?? value;
    else if (name === "from" || name === "to") values[name] = value_text(value);
    else values[name] = value;
  }
  return fill(text, values);
}

// The alarms that have a text without the server's list of codes.
const fallback_codes = new Set([...alarm_classes.map(([name]) => `alarm_${name}`), "alarm_unclassified", "device_offline", "site_offline"]);

function text_key(code: string): string {
  return code.replace(/^alarm_/, "class_");
}

function value_text(value: unknown): unknown {
  const modes: Record<string, Key> = { auto: "auto_mode", manual: "manual_mode", stop: "stop_mode", test: "test_mode" };
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (value === null) return t("unknown");
  const key = typeof value === "string" ? modes[value.replace(/^mode_/, "")] : undefined;
  return key ? t(key) : value;
}

// The open alarms of the server's log; without a log, the alarms that the controllers report now.
export function current_alarms(): PlantEvent[] {
  if (alarm_log.state !== "missing") return alarm_log.open;
  void app.paint_count;
  return app.devices.flatMap((device) => {
    const input = app.input(device);
    return alarms_of(input).map((alarm, index): PlantEvent => ({
      id: -(device.id * 10 + index),
      device_id: device.id,
      site_id: device.site_id,
      site_code: input.reading?.site_code ?? "",
      kind: alarm.priority === 4 ? "comms" : "alarm",
      priority: alarm.priority,
      code: alarm.code,
      args: {},
      state: "active",
      onset: alarm_log.first_seen(`${device.id} ${alarm.code}`, app.now),
      onset_at_latest: true,
      returned_at: null,
      acknowledged_at: null,
      acknowledged_by: null,
    }));
  }).sort((a, b) => (a.priority ?? 9) - (b.priority ?? 9));
}
