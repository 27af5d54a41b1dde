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

// The wall time of the values of a reading, for display.
export function seen_at(reading: Reading | null): string | null {
  if (!reading) return null;
  return reading.last_seen ?? (reading.online ? reading.timestamp : null);
}

// How long ago the values of a reading were read: the age that the server measured, and the time since the reading came. No wall
// clock has a part in it. Null: it is not known, or nothing was ever read.
export function age_ms(reading: Reading | null, elapsed_ms: number): number | null {
  if (!reading || typeof reading.age_ms !== "number" || typeof reading.received_ms !== "number") return null;
  return reading.age_ms + Math.max(0, elapsed_ms - reading.received_ms);
}

// A reading of unknown age is stale: it is never shown as live without proof.
export function quality_of(reading: Reading | null, device: Device | null, poll_interval_s: number, elapsed_ms: number): Quality {
  if (device && !device.is_active) return "disabled";
  if (!reading) return "waiting";
  if (seen_at(reading) === null) return "never";
  if (!reading.online) return "offline";
  const age = age_ms(reading, elapsed_ms);
  return age !== null && age <= stale_after_ms(reading, device, poll_interval_s) ? "live" : "stale";
}

// Whether the last values still say something of the machine now.
export function is_believed(quality: Quality): boolean {
  return quality === "live" || quality === "stale";
}
