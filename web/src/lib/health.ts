import { is_believed, type Quality } from "./quality";
import type { PlantEvent, Priority, Reading } from "./types";

// The worst that a device says of itself, beside and never instead of its state.
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

// By priority. The common bit is a summary: it is an alarm only where no other says which.
export function alarms_of(reading: Reading | null, quality: Quality): Alarm[] {
  if (!reading) return [];
  if (quality === "offline" || quality === "never") return [{ code: "device_offline", priority: 4 }];
  if (!is_believed(quality)) return [];
  const named = classes.filter(([code]) => reading[code] === true).map(([code, priority]) => ({ code, priority }));
  if (named.length === 0 && reading.alarm_common === true) return [{ code: "alarm_unclassified", priority: 3 }];
  return named;
}

//  1..4 a priority; "stale"; "good"; "none": not polled or not known yet
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

// What the list of alarms is made of: active and not acknowledged first, then acknowledged, then gone but not acknowledged.
export type AlarmSection = "active" | "acknowledged" | "returned";
export const alarm_sections: AlarmSection[] = ["active", "acknowledged", "returned"];

export function sort_alarms(alarms: PlantEvent[]): PlantEvent[] {
  return [...alarms].sort((a, b) => (a.priority ?? 9) - (b.priority ?? 9) || Date.parse(b.onset) - Date.parse(a.onset) || b.id - a.id);
}

// The list with one event come or changed.
export function with_event(alarms: PlantEvent[], event: PlantEvent): PlantEvent[] {
  if (event.priority === null) return alarms;
  const others = alarms.filter((one) => one.id !== event.id);
  return event.state === "closed" ? others : sort_alarms([...others, event]);
}

// An alarm of a device's class goes with its device's bit; both say the same.
export function is_unacknowledged(alarm: PlantEvent): boolean {
  return alarm.state === "active" || alarm.state === "returned";
}
