import { is_named } from "./alarm-help";
import { is_unacknowledged } from "./health";
import type { PlantEvent } from "./types";

// An alarm by name that is not confirmed never replaces the alarm of its class: both are open. While both stand they are one entry
// of the page: the alarm of the class, with the names below it as its likely causes.
export interface AlarmEntry {
  alarm: PlantEvent;
  causes: PlantEvent[];
}

const is_standing = (alarm: PlantEvent): boolean => alarm.state === "active" || alarm.state === "acknowledged";
const key_of = (alarm: PlantEvent, code: string): string => `${alarm.device_id} ${code}`;

// In the order of `alarms`. A name that is more severe than the alarm of its class is an entry of its own, so that the order and
// the mark of an entry never hide it.
export function fold(alarms: PlantEvent[]): AlarmEntry[] {
  const entries = alarms.map((alarm): AlarmEntry => ({ alarm, causes: [] }));
  const heads = new Map(entries.filter(({ alarm }) => is_standing(alarm) && !is_named(alarm)).map((entry) => [key_of(entry.alarm, entry.alarm.code), entry]));
  return entries.filter(({ alarm }) => {
    if (!is_named(alarm) || alarm.args.confirmed !== false || !is_standing(alarm) || alarm.device_id === null) return true;
    const head = heads.get(key_of(alarm, `alarm_${alarm.args.class}`));
    if (!head || (alarm.priority ?? 9) < (head.alarm.priority ?? 9)) return true;
    head.causes.push(alarm);
    return false;
  });
}

export const alarms_in = ({ alarm, causes }: AlarmEntry): PlantEvent[] => [alarm, ...causes];

// An entry is active while one of its alarms is, so that an alarm nobody has acknowledged is never in the list of acknowledged ones.
export function state_of(entry: AlarmEntry): PlantEvent["state"] {
  return alarms_in(entry).some(({ state }) => state === "active") ? "active" : entry.alarm.state;
}

// The first alarm of the entry that is not acknowledged: each is acknowledged separately.
export function to_acknowledge(entry: AlarmEntry): PlantEvent | undefined {
  return alarms_in(entry).find(is_unacknowledged);
}
