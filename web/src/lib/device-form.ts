import { inputs_of_rows, rows_of, type InputRows } from "./device-inputs";
import type { Device, Inputs, Profile } from "./types";

// The input fields of the device form, and the request body made from them.
export interface DeviceForm {
  site_id: string;
  name: string;
  device_type: "generator" | "ats";
  profile: string;
  ip_address: string;
  port: string;
  slave_id: string;
  protocol: "tcp" | "rtu_over_tcp";
  is_active: boolean;
  description: string;
  poll_interval: string;
  modbus_timeout: string;
  retry_delay: string;
  offline_after: string;
  connect_delay: string;
  rated_power_kw: string;
  nominal_voltage: string;
  battery_voltage: string;
  inputs: InputRows;
}

export const optional_numbers = ["poll_interval", "modbus_timeout", "retry_delay", "offline_after", "rated_power_kw", "nominal_voltage", "battery_voltage"] as const;
export const attributes = ["rated_power_kw", "nominal_voltage", "battery_voltage"] as const;

const text_of = (value: number | null | undefined): string => (value === null || value === undefined ? "" : String(value));

export function form_of(device: Device | null, site_id: number | null, profiles: Map<string, Profile>): DeviceForm {
  const profile = device?.profile ?? (profiles.has("hgm9520n") ? "hgm9520n" : [...profiles.keys()][0] ?? "hgm9520n");
  const known = profiles.get(profile);
  return {
    site_id: text_of(device?.site_id ?? site_id),
    name: device?.name ?? "",
    device_type: device?.device_type ?? known?.device_type ?? "generator",
    profile,
    ip_address: device?.ip_address ?? "",
    port: text_of(device?.port ?? 502),
    slave_id: text_of(device?.slave_id ?? 1),
    protocol: device?.protocol ?? known?.protocol ?? "tcp",
    is_active: device?.is_active ?? true,
    description: device?.description ?? "",
    poll_interval: text_of(device?.poll_interval),
    modbus_timeout: text_of(device?.modbus_timeout),
    retry_delay: text_of(device?.retry_delay),
    offline_after: text_of(device?.offline_after),
    connect_delay: text_of(device?.connect_delay ?? 0),
    rated_power_kw: text_of(device?.rated_power_kw),
    nominal_voltage: text_of(device?.nominal_voltage),
    battery_voltage: text_of(device?.battery_voltage),
    inputs: rows_of(device?.inputs, []),
  };
}

// "1,5" is 1.5; an empty field is null. Text that is not a number is sent as it is: the server refuses it and says what is allowed.
export function number_or_text(text: string): number | string | null {
  const trimmed = text.trim().replace(",", ".");
  if (trimmed === "") return null;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : text;
}

// has_attributes: the server supports the ratings (rated_power_kw, nominal_voltage, battery_voltage).
export function body_of(form: DeviceForm, has_attributes: boolean): Record<string, unknown> {
  const body: Record<string, unknown> = {
    site_id: Number(form.site_id),
    name: form.name.trim(),
    device_type: form.device_type,
    profile: form.profile,
    ip_address: form.ip_address.trim(),
    port: number_or_text(form.port),
    slave_id: number_or_text(form.slave_id),
    protocol: form.protocol,
    is_active: form.is_active,
    connect_delay: number_or_text(form.connect_delay) ?? 0,
    description: form.description,
  };
  for (const name of optional_numbers) {
    if (!has_attributes && attributes.some((one) => one === name)) continue;
    body[name] = number_or_text(form[name]);
  }
  const inputs = inputs_of_rows(form.inputs);
  if (has_attributes || inputs) body.inputs = inputs;
  return body;
}

const same_inputs = (one: Inputs | null | undefined, other: Inputs | null): boolean =>
  JSON.stringify(inputs_of_rows(rows_of(one, []))) === JSON.stringify(other);

// Only the changed fields, so that an edit of the name does not overwrite what another user changed meanwhile.
export function changes_of(device: Device, body: Record<string, unknown>): Record<string, unknown> {
  const before = device as unknown as Record<string, unknown>;
  const is_changed = (name: string, value: unknown): boolean =>
    name === "inputs" ? !same_inputs(device.inputs, value as Inputs | null) : (before[name] ?? (name === "description" ? "" : null)) !== value;
  return Object.fromEntries(Object.entries(body).filter(([name, value]) => is_changed(name, value)));
}
