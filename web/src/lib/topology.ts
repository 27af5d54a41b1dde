import { is_usable, type Quality } from "./quality";
import { field_of, meaning_of, value_at, type Role } from "./roles";
import type { Device, Profile, ProfileField, Reading, Site, TopologyBlock, Value } from "./types";

// What feeds what at a site, computed from the readings of its devices. The single-line diagram and the situation of a site use
// this model. It uses three-valued logic: a result is unknown if an unknown input could change it.

export type Truth = true | false | "unknown";

export const not = (a: Truth): Truth => (a === "unknown" ? a : !a);
export const and = (...all: Truth[]): Truth => (all.includes(false) ? false : all.includes("unknown") ? "unknown" : true);
export const or = (...all: Truth[]): Truth => (all.includes(true) ? true : all.includes("unknown") ? "unknown" : false);

export interface Input {
  device: Device;
  profile: Profile | undefined; // undefined: not loaded yet, or this server does not have it
  reading: Reading | null;
  quality: Quality;
}

// `code` is the value of `field`; null for a breaker that is known from a single bit.
export interface Breaker {
  name: string;
  conducting: Truth;
  moving: boolean;
  code: number | null;
  field: ProfileField | null;
  stale: boolean;
}

// abnormal: voltage is present but out of range; absent: no voltage
export type Presence = "normal" | "abnormal" | "absent" | "unknown";

export interface Source {
  presence: Presence;
  voltage: Value;
  frequency: Value;
  stale: boolean;
}

export interface GensetModel {
  input: Input;
  source: Source;
  breaker: Breaker;
  running: Truth;
  energised: Truth; // the line between genset and breaker
  power: number | null;
}

export interface BlockModel {
  switchboard: Input | null;
  mains: Source | null; // null: this block has no mains
  mains_breaker: Breaker | null;
  mains_power: number | null;
  bus_breaker: Breaker | null; // null: the load is on the busbar
  load: Truth;
  load_power: number | null;
  bus: Truth;
  bus_voltage: Value;
  bus_frequency: Value;
  bus_contradicts: boolean; // the measured busbar voltage contradicts breakers and sources; `bus` follows the measurement
  gensets: GensetModel[];
}

const present_from = 0.1; // of the nominal voltage
const nominal_default = 400;
// What the meanings of codes say; others say nothing.
const conducts: Record<string, boolean> = { open: false, closing: false, closed: true, opening: true };
const is_normal: Record<string, boolean> = { normal: true, normal_delay: true, abnormal: false, abnormal_delay: false };

const number_of = (value: Value): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
const bit_of = (value: Value): Truth => (typeof value === "boolean" ? value : "unknown");

function value(input: Input | null, role: Role): Value {
  return input && is_usable(input.quality) ? value_at(input, role) : null;
}

function meaning(input: Input, role: Role): string | null {
  return meaning_of(input.profile, role, value(input, role));
}

function has_voltage(voltage: Value, device: Device | null): Truth {
  const volts = number_of(voltage);
  return volts === null ? "unknown" : volts > present_from * (device?.nominal_voltage ?? nominal_default);
}

function bit_breaker(name: string, conducting: Truth, stale: boolean): Breaker {
  return { name, conducting, moving: false, code: null, field: null, stale };
}

// A breaker by its code if the profile has one, else by its bit.
export function breaker_of(name: string, input: Input, which: "generator" | "mains" | "busbar"): Breaker {
  const role = `breaker.${which}.state`;
  const stale = input.quality === "stale";
  const field = field_of(input.profile, role);
  if (!field) return bit_breaker(name, bit_of(value(input, `breaker.${which}.closed`)), stale);
  const means = meaning(input, role) ?? "";
  return { name, conducting: conducts[means] ?? "unknown", moving: means === "closing" || means === "opening", code: number_of(value(input, role)), field, stale };
}

function presence(normal: Truth, voltage: Truth): Presence {
  if (normal === true) return voltage === false ? "abnormal" : "normal";
  if (voltage === false) return "absent";
  if (voltage === true) return normal === false ? "abnormal" : "unknown";
  return "unknown";
}

const is_live = (source: Source): Truth => (source.presence === "unknown" ? "unknown" : source.presence !== "absent");

function mains_of(input: Input): Source {
  const voltage = value(input, "mains.voltage.ab");
  const has_state = field_of(input.profile, "mains.state") !== undefined;
  const normal = has_state ? is_normal[meaning(input, "mains.state") ?? ""] ?? "unknown" : bit_of(value(input, "mains.normal"));
  const frequency = value(input, "mains.frequency");
  return { presence: presence(normal, has_voltage(voltage, input.device)), voltage, frequency, stale: input.quality === "stale" };
}

// The mains as measured by gensets without a switchboard; unknown if they disagree.
function gensets_mains(inputs: Input[]): Source {
  const sources = inputs.map(mains_of);
  const known = sources.filter((source) => source.presence !== "unknown");
  const first = known.find((source) => !source.stale) ?? known[0];
  if (!first) return { presence: "unknown", voltage: null, frequency: null, stale: false };
  return known.every((source) => source.presence === first.presence) ? first : { ...first, presence: "unknown" };
}

function agreed(bits: Truth[]): Truth {
  const known = bits.filter((bit) => bit !== "unknown");
  return known.length > 0 && known.every((bit) => bit === known[0]) ? known[0]! : "unknown";
}

// A single genset controls the mains breaker, so its bit is the position. With several gensets some may not be wired to the
// breaker: then "not closed" means unknown.
function gensets_mains_breaker(name: string, inputs: Input[]): Breaker {
  const closed = agreed(inputs.map((input) => breaker_of(name, input, "mains").conducting));
  return bit_breaker(name, inputs.length > 1 && closed === false ? "unknown" : closed, inputs.some((input) => input.quality === "stale"));
}

// From the end of cranking until the stop command.
function running_of(input: Input): Truth {
  const means = meaning(input, "engine.state");
  return means === null ? "unknown" : means === "running";
}

function genset_of(input: Input, name: string): GensetModel {
  const voltage = value(input, "generator.voltage.ab");
  const present = has_voltage(voltage, input.device);
  const stale = input.quality === "stale";
  const source = { presence: presence(bit_of(value(input, "generator.normal")), present), voltage, frequency: value(input, "generator.frequency"), stale };
  const running = value(input, "engine.state") == null ? present : running_of(input);
  const power = number_of(value(input, "power.active.total"));
  return { input, source, breaker: breaker_of(name, input, "generator"), running, energised: is_live(source), power };
}

function sum(parts: (number | null)[]): number | null {
  return parts.some((part) => part === null) ? null : parts.reduce<number>((all, part) => all + (part ?? 0), 0);
}

// The power that flows through this breaker: 0 if it is open.
function power_through(breaker: Breaker, power: number | null): number | null {
  return breaker.conducting === false ? 0 : breaker.conducting === true ? power : null;
}

function block_of(switchboard: Input | null, inputs: Input[], first_number: number): BlockModel {
  const gensets = inputs.map((input, index) => genset_of(input, `QF${first_number + (switchboard ? 2 : 1) + index}`));
  const mains = switchboard ? mains_of(switchboard) : inputs.length > 0 ? gensets_mains(inputs) : null;
  const mains_breaker = switchboard ? breaker_of(`QF${first_number}`, switchboard, "mains") : gensets_mains_breaker(`QF${first_number}`, inputs);
  const bus_breaker = switchboard ? breaker_of(`QF${first_number + 1}`, switchboard, "busbar") : null;
  const bus_tie: Truth = bus_breaker?.conducting ?? true;
  const from_mains = mains ? and(is_live(mains), mains_breaker.conducting) : false;
  const from_gensets = or(...gensets.map((genset) => and(is_live(genset.source), genset.breaker.conducting)));
  const bus_voltage = switchboard ? value(switchboard, "busbar.voltage.ab") : null;
  const measured = switchboard ? has_voltage(bus_voltage, switchboard.device) : "unknown";
  const expected = or(from_gensets, and(from_mains, bus_tie));
  const bus = measured === "unknown" ? expected : measured;
  const load = or(from_mains, and(switchboard ? bus : from_gensets, bus_tie));
  for (const genset of gensets) genset.energised = or(is_live(genset.source), and(bus, genset.breaker.conducting));
  const mains_power = number_of(value(switchboard, "mains.power.active.total"));
  const load_power = switchboard
    ? sum([power_through(mains_breaker, mains_power), power_through(bus_breaker!, number_of(value(switchboard, "busbar.power.active.total")))])
    : mains_breaker.conducting === false
      ? sum(gensets.map((genset) => power_through(genset.breaker, genset.power)))
      : null;
  return {
    switchboard, mains, mains_breaker: mains ? mains_breaker : null, mains_power, bus_breaker, load, load_power, bus, bus_voltage,
    bus_frequency: value(switchboard, "busbar.frequency"),
    bus_contradicts: measured !== "unknown" && expected !== "unknown" && measured !== expected,
    gensets,
  };
}

// The configured topology of the site; by default one block with all gensets, and a block for each further switchboard.
export function blocks_of(site: Pick<Site, "topology">, devices: Device[]): TopologyBlock[] {
  if (site.topology && site.topology.blocks.length > 0) return site.topology.blocks;
  const gensets = devices.filter((device) => device.device_type === "generator").map((device) => device.id);
  const [first, ...more] = devices.filter((device) => device.device_type === "ats");
  return [{ mains_device: first?.id ?? null, gensets }, ...more.map((device) => ({ mains_device: device.id, gensets: [] }))];
}

export function site_model(site: Pick<Site, "topology">, inputs: Input[]): BlockModel[] {
  const by_id = new Map(inputs.map((input) => [input.device.id, input]));
  let first_number = 1; // breakers are numbered through all blocks
  return blocks_of(site, inputs.map((input) => input.device)).map((block) => {
    const switchboard = block.mains_device === null ? null : by_id.get(block.mains_device) ?? null;
    const gensets = block.gensets.map((id) => by_id.get(id)).filter((input): input is Input => input !== undefined);
    const model = block_of(switchboard, gensets, first_number);
    first_number += gensets.length + (switchboard ? 2 : 1);
    return model;
  });
}

// Direction of power: 1 towards the load, −1 away from it, 0 within the dead-band, null unknown.
export function direction(power: number | null, rated_kw: number | null): -1 | 0 | 1 | null {
  if (power === null) return null;
  const dead_band = rated_kw ? 0.02 * rated_kw : 2;
  return Math.abs(power) <= dead_band ? 0 : power > 0 ? 1 : -1;
}
