import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Quality } from "../src/lib/quality";
import type { Input } from "../src/lib/topology";
import type { Device, Profile, Reading, Value } from "../src/lib/types";

// Devices and readings for the tests. Fields that a test does not give have the values of a typical site.

export const noon = Date.parse("2026-01-15T12:00:00.000Z");
export const at = (after_ms: number): string => new Date(noon + after_ms).toISOString();

// The built-in profiles as GET /api/profiles gives them.
const golden = (name: string) => JSON.parse(readFileSync(join(process.env.GENSETD_SOURCE!, "tests/e2e/golden", name), "utf8"));
export const profiles = new Map((golden("profiles.json") as Profile[]).map((profile) => [profile.name, profile]));
export const roles = golden("roles.json") as { name: string; kind: string; unit: string; means: string[] }[];

export function device(id: number, more: Partial<Device> = {}): Device {
  return {
    id, site_id: 1, name: `Device ${id}`, device_type: "generator", profile: "hgm9520n", ip_address: "192.168.97.10", port: 502, protocol: "tcp", slave_id: 1,
    is_active: true, poll_interval: null, modbus_timeout: null, retry_delay: null, offline_after: null, connect_delay: 0, description: null, ...more,
  };
}

export function reading(id: number, fields: Record<string, Value> = {}): Reading {
  return { device_id: id, site_code: "MKZ", device_type: "generator", timestamp: at(0), online: true, error: null, last_seen: at(0), age_ms: 0, received_ms: 0, ...fields };
}

export function input(id: number, fields: Record<string, Value>, { quality = "live", ...more }: Partial<Device> & { quality?: Quality } = {}): Input {
  const one = device(id, more);
  return { device: one, profile: profiles.get(one.profile), reading: reading(id, fields), quality };
}

export const standby = { gen_status: 0, gen_normal: false, gen_closed: false, gen_uab: 0, gen_freq: 0, power_total: 0, mains_normal: true, mains_load: true, mains_uab: 398 };
export const on_load = { ...standby, gen_status: 9, gen_normal: true, gen_closed: true, gen_uab: 400, gen_freq: 50, power_total: 114 };
export const running_open = { ...on_load, gen_closed: false, power_total: 0 };
export const switchboard_on_mains = {
  mains_status: 0, mains_switch: 3, busbar_switch: 7, mains_uab: 398, mains_freq: 50, mains_total_p: 375,
  busbar_uab: 0, busbar_freq: 0, busbar_p: 0,
};
export const switchboard_on_gensets = {
  mains_status: 2, mains_switch: 7, busbar_switch: 3, mains_uab: 0, mains_freq: 0, mains_total_p: 0,
  busbar_uab: 401, busbar_freq: 50, busbar_p: 228,
};
export const genset = (id: number, fields: Record<string, Value>, more = {}) => input(id, fields, more);
export const switchboard = (id: number, fields: Record<string, Value>, more = {}) => input(id, fields, { device_type: "ats", profile: "hgm9560", ...more });

// The same device with a profile and a reading in which each field has another name.
export function renamed({ profile, reading: before, ...more }: Input): Input {
  const new_name = new Map(profile!.fields.map((field, index) => [field.name, `value_${index}`]));
  const fields = profile!.fields.map((field) => ({ ...field, name: new_name.get(field.name)! }));
  const values = before && (Object.fromEntries(Object.entries(before).map(([name, value]) => [new_name.get(name) ?? name, value])) as Reading);
  return { ...more, profile: { ...profile!, name: "renamed", fields }, reading: values };
}
