import { is_usable, type Quality } from "./quality";
import type { PlantEvent, Priority, Reading } from "./types";

// Alarms of a device and its health. Health is shown in addition to the state, never instead of it.
export type AlarmCode = "alarm_shutdown" | "alarm_trip_stop" | "alarm_block" | "alarm_warning" | "alarm_unclassified" | "device_offline";

export interface Alarm {
  code: AlarmCode;
  priority: Priority;
}

const classes: [AlarmCode, Priority][] = [
  ["alarm_shutdown", 1],
  ["alarm_trip_stop", 1],
  ["alarm_block", 2],
  ["alarm_warning", 3],
];

// Highest priority first. alarm_common is a summary bit: it counts as an alarm only if no other alarm bit is set.
export function alarms_of(reading: Reading | null, quality: Quality): Alarm[] {
  if (!reading) return [];
  if (quality === "offline" || quality === "never") return [{ code: "device_offline", priority: 4 }];
  if (!is_usable(quality)) return [];
  const named = classes.filter(([code]) => reading[code] === true).map(([code, priority]) => ({ code, priority }));
  if (named.length === 0 && reading.alarm_common === true) return [{ code: "alarm_unclassified", priority: 3 }];
  return named;
}

// 1 to 4: priority of the worst alarm; "none": not polled, or no reading yet
export type Health = Priority | "stale" | "good" | "none";

export function health_of(reading: Reading | null, quality: Quality): Health {
  const worst = alarms_of(reading, quality)[0];
  if (worst) return worst.priority;
  if (quality === "stale") return "stale";
  return quality === "live" ? "good" : "none";
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
