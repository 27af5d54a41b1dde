import { modes_of } from "./fields";
import { fold } from "./folding";
import { alarms_of, health_rank, is_unacknowledged, worst_of } from "./health";
import { is_usable } from "./quality";
import { meaning_at, value_at } from "./roles";
import type { SiteState } from "./site-state";
import type { Input } from "./topology";
import type { PlantEvent, Priority, Site } from "./types";

// Counts, filters and order of the fleet page.

export type Filter = "all" | "deviating" | "running" | "not_auto" | "alarms" | "offline" | "stale";

export interface Summary {
  sites: number;
  gensets: number;
  running: number;
  power: number | null; // null: no genset's power is known
  power_partial: boolean; // the power of some gensets is unknown
  alarms: number;
  worst: Priority | null;
  offline: number;
  stale: number;
  has_stale: boolean; // running and power include stale readings
}

export function is_running(input: Input): boolean {
  return input.device.device_type === "generator" && is_usable(input.quality) && meaning_at(input, "engine.state") === "running";
}

export function is_not_auto(input: Input): boolean {
  const modes = is_usable(input.quality) ? modes_of(input) : [];
  return modes.length > 0 && !(modes.length === 1 && modes[0] === "auto");
}

const has_alarm = (input: Input): boolean => alarms_of(input).some((alarm) => alarm.priority <= 3);
const is_offline = (input: Input): boolean => input.quality === "offline" || input.quality === "never";

export function summary_of(sites: Site[], inputs: Input[], alarms: PlantEvent[], has_log: boolean): Summary {
  const active = inputs.filter((input) => input.quality !== "disabled");
  const gensets = active.filter((input) => input.device.device_type === "generator");
  const powers = gensets.filter((input) => is_usable(input.quality)).map((input) => value_at(input, "power.active.total")).filter((power) => typeof power === "number");
  const open_alarms = fold(alarms).map(({ alarm }) => alarm).filter((alarm) => (alarm.priority ?? 9) <= 3 && (alarm.state !== "returned" || is_unacknowledged(alarm)));
  const derived_alarms = active.flatMap(alarms_of).filter((alarm) => alarm.priority <= 3);
  const counted: { priority: Priority | null }[] = has_log ? open_alarms : derived_alarms;
  const worst = Math.min(...counted.map((alarm) => alarm.priority ?? 9));
  return {
    sites: sites.filter((site) => site.is_active).length,
    gensets: gensets.length,
    running: gensets.filter(is_running).length,
    power: powers.length > 0 ? powers.reduce((sum, power) => sum + power, 0) : null,
    power_partial: powers.length > 0 && powers.length < gensets.length,
    alarms: counted.length,
    worst: worst <= 3 ? (worst as Priority) : null,
    offline: active.filter(is_offline).length,
    stale: active.filter((input) => input.quality === "stale").length,
    has_stale: gensets.some((input) => input.quality === "stale"),
  };
}

// Worst site first, then by code; with `fixed` by code only. A site in blackout comes first of all.
export function order_sites(sites: Site[], states: Map<number, SiteState>, fixed: boolean): number[] {
  const rank = (site: Site): number => {
    const state = states.get(site.id);
    if (!state || !site.is_active) return 99;
    return state.situation === "blackout" ? -1 : health_rank(state.health === "good" ? worst_of(["good"]) : state.health);
  };
  const collator = new Intl.Collator("ru", { numeric: true });
  return [...sites].sort((a, b) => (fixed ? 0 : rank(a) - rank(b)) || collator.compare(a.code, b.code) || a.id - b.id).map((site) => site.id);
}

export function device_matches(input: Input, filter: Filter): boolean {
  switch (filter) {
    case "all": return true;
    case "deviating": return has_alarm(input) || is_offline(input) || input.quality === "stale" || is_not_auto(input);
    case "running": return is_running(input);
    case "not_auto": return is_not_auto(input);
    case "alarms": return has_alarm(input);
    case "offline": return is_offline(input);
    case "stale": return input.quality === "stale";
  }
}

export function text_matches(texts: (string | null | undefined)[], search: string): boolean {
  const query = search.trim().toLocaleLowerCase();
  return query === "" || texts.some((text) => text?.toLocaleLowerCase().includes(query));
}

export function site_matches(site: Site, inputs: Input[], state: SiteState | undefined, filter: Filter, search: string): boolean {
  const found = text_matches([site.code, site.name], search) || inputs.some((input) => text_matches([input.device.name, input.device.ip_address], search));
  if (!found) return false;
  if (filter === "all") return true;
  if (filter === "deviating" && (state?.situation === "blackout" || state?.situation === "on_gensets")) return true;
  return inputs.some((input) => device_matches(input, filter));
}
