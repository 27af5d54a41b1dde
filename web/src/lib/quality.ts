import type { Device, Reading } from "./types";

// How current a reading is. It is shown in addition to the state of the machine, never instead of it.
//   waiting   no reading received yet       never     the device was never read
//   live      read recently                 stale     reported as online, but not read recently
//   offline   does not respond              disabled  not polled
export type Quality = "waiting" | "live" | "stale" | "offline" | "never" | "disabled";

const stale_least_ms = 5000;
const missed_cadences = 3;

// A reading older than this is stale.
export function stale_after_ms(reading: Reading, device: Pick<Device, "poll_interval"> | null, poll_interval_s: number): number {
  const cadence = reading.cadence_ms ?? 1000 * (device?.poll_interval ?? poll_interval_s);
  return Math.max(stale_least_ms, missed_cadences * cadence);
}

// The wall time of the values of a reading, for display.
export function seen_at(reading: Reading | null): string | null {
  if (!reading) return null;
  return reading.last_seen ?? (reading.online ? reading.timestamp : null);
}

// The age of the values: the age that the server measured plus the time since the message was sent. It uses no wall clock.
// Null: the age is unknown, or the device was never read.
export function age_ms(reading: Reading | null, elapsed_ms: number): number | null {
  if (!reading || typeof reading.age_ms !== "number" || typeof reading.received_ms !== "number") return null;
  return reading.age_ms + Math.max(0, elapsed_ms - reading.received_ms);
}

// A reading of unknown age is stale: only a known age makes it live.
export function quality_of(reading: Reading | null, device: Device | null, poll_interval_s: number, elapsed_ms: number): Quality {
  if (device && !device.is_active) return "disabled";
  if (!reading) return "waiting";
  if (seen_at(reading) === null) return "never";
  if (!reading.online) return "offline";
  const age = age_ms(reading, elapsed_ms);
  return age !== null && age <= stale_after_ms(reading, device, poll_interval_s) ? "live" : "stale";
}

// True if the last values may be shown as the present state of the machine.
export function is_usable(quality: Quality): boolean {
  return quality === "live" || quality === "stale";
}
