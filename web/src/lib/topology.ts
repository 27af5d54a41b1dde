import { is_usable, type Quality } from "./quality";
import type { Device, Reading, Site, TopologyBlock, Value } from "./types";

// What feeds what at a site, computed from the readings of its devices. The single-line diagram and the situation of a site use
// this model. It uses three-valued logic: a result is unknown if an unknown input could change it.

export type Truth = true | false | "unknown";

export const not = (a: Truth): Truth => (a === "unknown" ? a : !a);
export const and = (...all: Truth[]): Truth => (all.includes(false) ? false : all.includes("unknown") ? "unknown" : true);
export const or = (...all: Truth[]): Truth => (all.includes(true) ? true : all.includes("unknown") ? "unknown" : false);

export interface Input {
  device: Device;
  reading: Reading | null;
  quality: Quality;
}

// `code` is the HGM9560's switch code; null for a breaker that is known from a single bit.
export interface Breaker {
  name: string;
  conducting: Truth;
  moving: boolean;
  code: number | null;
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
const conducting_codes = [3, 4, 5, 6];
const open_codes = [0, 1, 2, 7];
const moving_codes = [0, 1, 2, 4, 5, 6];
const running_codes = [5, 6, 7, 8, 9, 10, 11]; // from the end of cranking until the stop command

const number_of = (value: Value): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
const bit_of = (value: Value): Truth => (typeof value === "boolean" ? value : "unknown");

function value(input: Input | null, field: string): Value {
  return input && is_usable(input.quality) ? input.reading?.[field] : null;
}

function has_voltage(voltage: Value, device: Device | null): Truth {
  const volts = number_of(voltage);
  return volts === null ? "unknown" : volts > present_from * (device?.nominal_voltage ?? nominal_default);
}

function switch_of(name: string, input: Input | null, field: string): Breaker {
  const code = number_of(value(input, field));
  const conducting = code === null ? "unknown" : conducting_codes.includes(code) ? true : open_codes.includes(code) ? false : "unknown";
  return { name, conducting, moving: code !== null && moving_codes.includes(code), code, stale: input?.quality === "stale" };
}

function bit_breaker(name: string, conducting: Truth, stale: boolean): Breaker {
  return { name, conducting, moving: false, code: null, stale };
}

function presence(normal: Truth, voltage: Truth): Presence {
  if (normal === true) return voltage === false ? "abnormal" : "normal";
  if (voltage === false) return "absent";
  if (voltage === true) return normal === false ? "abnormal" : "unknown";
  return "unknown";
}

const is_live = (source: Source): Truth => (source.presence === "unknown" ? "unknown" : source.presence !== "absent");

function switchboard_mains(input: Input): Source {
  const status = number_of(value(input, "mains_status"));
  const voltage = value(input, "mains_uab");
  const normal: Truth = status === 0 || status === 1 ? true : status === 2 || status === 3 ? false : "unknown";
  return { presence: presence(normal, has_voltage(voltage, input.device)), voltage, frequency: value(input, "mains_freq"), stale: input.quality === "stale" };
}

// The mains as measured by gensets without a switchboard; unknown if they disagree.
function gensets_mains(inputs: Input[]): Source {
  const sources = inputs.map((input): Source => {
    const voltage = value(input, "mains_uab");
    const normal = bit_of(value(input, "mains_normal"));
    return { presence: presence(normal, has_voltage(voltage, input.device)), voltage, frequency: value(input, "mains_freq"), stale: input.quality === "stale" };
  });
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
  const closed = agreed(inputs.map((input) => bit_of(value(input, "mains_load"))));
  return bit_breaker(name, inputs.length > 1 && closed === false ? "unknown" : closed, inputs.some((input) => input.quality === "stale"));
}

function genset_of(input: Input, name: string): GensetModel {
  const voltage = value(input, "gen_uab");
  const present = has_voltage(voltage, input.device);
  const stale = input.quality === "stale";
  const source = { presence: presence(bit_of(value(input, "gen_normal")), present), voltage, frequency: value(input, "gen_freq"), stale };
  const code = number_of(value(input, "gen_status"));
  const running = code === null ? present : running_codes.includes(code);
  const breaker = bit_breaker(name, bit_of(value(input, "gen_closed")), stale);
  return { input, source, breaker, running, energised: is_live(source), power: number_of(value(input, "power_total")) };
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
  const mains = switchboard ? switchboard_mains(switchboard) : inputs.length > 0 ? gensets_mains(inputs) : null;
  const mains_breaker = switchboard ? switch_of(`QF${first_number}`, switchboard, "mains_switch") : gensets_mains_breaker(`QF${first_number}`, inputs);
  const bus_breaker = switchboard ? switch_of(`QF${first_number + 1}`, switchboard, "busbar_switch") : null;
  const bus_tie: Truth = bus_breaker?.conducting ?? true;
  const from_mains = mains ? and(is_live(mains), mains_breaker.conducting) : false;
  const from_gensets = or(...gensets.map((genset) => and(is_live(genset.source), genset.breaker.conducting)));
  const bus_voltage = switchboard ? value(switchboard, "busbar_uab") : null;
  const measured = switchboard ? has_voltage(bus_voltage, switchboard.device) : "unknown";
  const expected = or(from_gensets, and(from_mains, bus_tie));
  const bus = measured === "unknown" ? expected : measured;
  const load = or(from_mains, and(switchboard ? bus : from_gensets, bus_tie));
  for (const genset of gensets) genset.energised = or(is_live(genset.source), and(bus, genset.breaker.conducting));
  const mains_power = number_of(value(switchboard, "mains_total_p"));
  const load_power = switchboard
    ? sum([power_through(mains_breaker, mains_power), power_through(bus_breaker!, number_of(value(switchboard, "busbar_p")))])
    : mains_breaker.conducting === false
      ? sum(gensets.map((genset) => power_through(genset.breaker, genset.power)))
      : null;
  return {
    switchboard, mains, mains_breaker: mains ? mains_breaker : null, mains_power, bus_breaker, load, load_power, bus, bus_voltage,
    bus_frequency: value(switchboard, "busbar_freq"),
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
