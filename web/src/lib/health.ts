import { is_usable, type Quality } from "./quality";
import { field_of, value_at, type Source } from "./roles";
import type { PlantEvent, Priority, Profile } from "./types";

// Alarms of a device and its health. Health is shown in addition to the state, never instead of it.
export type AlarmClass = "shutdown" | "trip_stop" | "trip" | "safety_trip_stop" | "safety_trip" | "block" | "mains_trip" | "warning";
export type AlarmCode = `alarm_${AlarmClass | "unclassified"}` | "device_offline";

export interface Alarm {
  code: AlarmCode;
  priority: Priority;
}

export const alarm_classes: [AlarmClass, Priority][] = [
  ["shutdown", 1],
  ["trip_stop", 1],
  ["trip", 1],
  ["safety_trip_stop", 1],
  ["safety_trip", 1],
  ["block", 2],
  ["mains_trip", 2],
  ["warning", 3],
];

// The names of a profile's alarm bits.
export function alarm_fields(profile: Profile | undefined): string[] {
  const roles = ["alarm.common", ...alarm_classes.map(([name]) => `alarm.class.${name}`)];
  return roles.flatMap((role) => field_of(profile, role)?.name ?? []);
}

// Highest priority first. The common alarm is a summary bit: it counts as an alarm only if no other alarm bit is set.
export function alarms_of(input: Source & { quality: Quality }): Alarm[] {
  const { reading, quality } = input;
  if (!reading) return [];
  if (quality === "offline" || quality === "never") return [{ code: "device_offline", priority: 4 }];
  if (!is_usable(quality)) return [];
  const named = alarm_classes
    .filter(([name]) => value_at(input, `alarm.class.${name}`) === true)
    .map(([name, priority]): Alarm => ({ code: `alarm_${name}`, priority }));
  if (named.length === 0 && value_at(input, "alarm.common") === true) return [{ code: "alarm_unclassified", priority: 3 }];
  return named;
}

// 1 to 4: priority of the worst alarm; "none": not polled, or no reading yet
export type Health = Priority | "stale" | "good" | "none";

export function health_of(input: Source & { quality: Quality }): Health {
  const worst = alarms_of(input)[0];
  if (worst) return worst.priority;
  if (input.quality === "stale") return "stale";
  return input.quality === "live" ? "good" : "none";
}

const order: Health[] = [1, 2, 3, 4, "stale", "none", "good"];
export function health_rank(health: Health): number {
  return order.indexOf(health);
}
export function worst_of(healths: Health[]): Health {
  return healths.reduce<Health>((worst, one) => (health_rank(one) < health_rank(worst) ? one : worst), "good");
}

// Sections of the alarm list: active and unacknowledged, active and acknowledged, returned (cleared) and unacknowledged.
export type AlarmSection = "active" | "acknowledged" | "returned";
export const alarm_sections: AlarmSection[] = ["active", "acknowledged", "returned"];

export function sort_alarms(alarms: PlantEvent[]): PlantEvent[] {
  return [...alarms].sort((a, b) => (a.priority ?? 9) - (b.priority ?? 9) || Date.parse(b.onset) - Date.parse(a.onset) || b.id - a.id);
}

// The list after one event was added or changed.
export function with_event(alarms: PlantEvent[], event: PlantEvent): PlantEvent[] {
  if (event.priority === null) return alarms;
  const others = alarms.filter((one) => one.id !== event.id);
  return event.state === "closed" ? others : sort_alarms([...others, event]);
}

export function is_unacknowledged(alarm: PlantEvent): boolean {
  return alarm.state === "active" || alarm.state === "returned";
}
