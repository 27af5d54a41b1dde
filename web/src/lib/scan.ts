import type { DeviceForm } from "./device-form";
import type { Key } from "./i18n";
import type { Device, Profile } from "./types";

// The scan of an address: which units were found, and what picking one changes in the device form.

type Fits = "likely" | "possible" | "unlikely" | "no";
type Protocol = "tcp" | "rtu_over_tcp";

export interface ScanResult {
  address: string;
  units: { unit: number; protocol: Protocol; answers: string; error: string | null; profiles: { name: string; fits: Fits; why: string; firmware?: string }[] }[];
  others: string | null;
  stopped: boolean;
  error: string | null;
}

export interface FoundUnit {
  unit: number;
  protocol: Protocol;
  profile: string | null; // the best map, if it may fit
  fits: Key;
  why: string;
  is_controller: boolean; // it can be picked
  registered: string | null; // the name of the device that has this address
}

export const units_max = 16;

const fits_keys: Record<Fits, Key> = { likely: "scan_likely", possible: "scan_possible", unlikely: "scan_unknown", no: "scan_unknown" };

// The unit ids to try: 1 to 16, or the one in the form and 1 to 15.
export function units_to_scan(form: Pick<DeviceForm, "slave_id" | "protocol">): number[] {
  const usual = Array.from({ length: units_max }, (_, index) => index + 1);
  const own = Number(form.slave_id);
  const [least, most] = form.protocol === "tcp" ? [0, 255] : [1, 247];
  if (form.slave_id.trim() === "" || !Number.isInteger(own) || own < least || own > most || usual.includes(own)) return usual;
  return [own, ...usual.slice(0, units_max - 1)];
}

const same_host = (one: string, other: string): boolean => one.trim().toLowerCase() === other.trim().toLowerCase();

export function found_units(result: ScanResult, form: Pick<DeviceForm, "ip_address" | "port">, devices: readonly Device[]): FoundUnit[] {
  return result.units.map(({ unit, protocol, answers, error, profiles }) => {
    const best = profiles[0];
    const fits = best !== undefined && (best.fits === "likely" || best.fits === "possible");
    const device = devices.find((one) => one.slave_id === unit && one.port === Number(form.port) && same_host(one.ip_address, form.ip_address));
    return {
      unit,
      protocol,
      profile: fits ? best.name : null,
      fits: answers === "noise" ? "scan_noise" : best ? fits_keys[best.fits] : "scan_unknown",
      why: best?.why ?? error ?? "",
      is_controller: answers !== "noise",
      registered: device?.name ?? null,
    };
  });
}

// A Modbus TCP device does not need the unit id: one that accepts any is found under all of them.
export const answers_to_all = (units: readonly FoundUnit[], requested: number): boolean =>
  requested > 1 && units.length === requested && units.every((one) => one.protocol === "tcp" && one.is_controller);

// The fields of the form after a unit was picked. The protocol is the one that the unit responded in.
export function picked(unit: FoundUnit, profiles: ReadonlyMap<string, Profile>): Partial<DeviceForm> {
  const known = unit.profile === null ? undefined : profiles.get(unit.profile);
  const model = known ? { profile: known.name, device_type: known.device_type } : {};
  return { slave_id: String(unit.unit), protocol: unit.protocol, ...model };
}
