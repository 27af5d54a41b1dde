import { age_ms } from "./time";
import type { Device, Reading } from "./types";

// How far a reading can be believed. It is a layer over the value and never mixed with the state of the machine.
//   waiting   nothing is known yet          never     the device was never read
//   live      read lately                   stale     said to be online, but not read lately
//   offline   does not answer               disabled  not polled
export type Quality = "waiting" | "live" | "stale" | "offline" | "never" | "disabled";

const stale_least_ms = 5000;
const missed_cadences = 3;

// From what age on a reading of this device is stale.
export function stale_after_ms(reading: Reading, device: Pick<Device, "poll_interval"> | null, poll_interval_s: number): number {
  const cadence = reading.cadence_ms ?? 1000 * (device?.poll_interval ?? poll_interval_s);
  return Math.max(stale_least_ms, missed_cadences * cadence);
}

// When the values of a reading were true.
export function seen_at(reading: Reading | null): string | null {
  if (!reading) return null;
  return reading.last_seen ?? (reading.online ? reading.timestamp : null);
}

export function quality_of(reading: Reading | null, device: Device | null, poll_interval_s: number, server_now_ms: number): Quality {
  if (device && !device.is_active) return "disabled";
  if (!reading) return "waiting";
  const age = age_ms(seen_at(reading), server_now_ms);
  if (!reading.online) return age === null ? "never" : "offline";
  if (age === null) return "never";
  return age > stale_after_ms(reading, device, poll_interval_s) ? "stale" : "live";
}

// Whether the last values still say something of the machine now.
export function is_believed(quality: Quality): boolean {
  return quality === "live" || quality === "stale";
}
