import { code_text, format_field } from "./fields";
import { no_data, with_unit } from "./fmt";
import type { AlarmPoint, Block, Language, Profile, ProfileField, RegisterRun, RegisterTable, Value } from "./types";

// The table of raw registers and the fields that lie in them. Values are decoded by the server; here they only get their places.

export interface PlacedField {
  field: ProfileField;
  last: number; // address of its last register
  is_whole: boolean; // false: some of its registers were not read
}

export interface Register {
  address: number;
  raw: number;
  points: AlarmPoint[]; // alarm points that are set
  points_off: AlarmPoint[]; // those that are not set
  unnamed: number[]; // bits that are set and have no name, in a register of named bits
  has_bits: boolean;
}

// Neighbouring registers that share fields; mostly one register, two of a 32-bit value.
export interface Span {
  registers: Register[];
  fields: PlacedField[];
}

export interface RunRows {
  table: RegisterTable;
  first: number;
  last: number;
  blocks: string[];
  spans: Span[];
}

const fixed_lengths: Record<string, number> = { u16: 1, i16: 1, bit: 1, u32: 2, i32: 2, f32: 2, u64: 4, i64: 4, f64: 4 };

export const last_of = (field: ProfileField): number => field.address + (fixed_lengths[field.type] ?? field.registers ?? 1) - 1;
export const table_of = (run: RegisterRun): RegisterTable => run.table ?? "holding";
export const is_bit_table = (table: RegisterTable): boolean => table === "coils" || table === "discrete";

// The mask and value of GET /api/profiles say which bits of the register are the point.
export function is_set({ mask, value }: AlarmPoint, raw: number): boolean {
  const bits = raw & mask;
  return value === null ? bits !== 0 : bits === value * (mask & -mask);
}

// "13", "4…7".
export function bits_of(mask: number): string {
  const first = 31 - Math.clz32(mask & -mask);
  const last = 31 - Math.clz32(mask);
  return range_text(first, last);
}

function register_of(table: RegisterTable, address: number, raw: number, fields: ProfileField[], points: AlarmPoint[]): Register {
  const bits = fields.filter((field) => field.type === "bit" && field.bit !== undefined);
  const named = [...bits.map((field) => 1 << field.bit!), ...points.map((point) => point.mask)].reduce((all, mask) => all | mask, 0);
  const is_made_of_bits = named !== 0 && fields.every((field) => field.type === "bit") && !is_bit_table(table);
  const unnamed = is_made_of_bits ? [...Array(16).keys()].filter((bit) => ((raw & ~named) >> bit) & 1) : [];
  const has_bits = !is_bit_table(table) && (named !== 0 || fields.some((field) => field.type === "bitfield"));
  return { address, raw, points: points.filter((point) => is_set(point, raw)), points_off: points.filter((point) => !is_set(point, raw)), unnamed, has_bits };
}

const covers = (field: ProfileField, address: number): boolean => field.address <= address && address <= last_of(field);

function spans_of(run: RegisterRun, profile: Profile | undefined): Span[] {
  const table = table_of(run);
  const end = run.address + run.values.length;
  const fields = (profile?.fields ?? [])
    .filter((field) => field.table === table && field.address < end && last_of(field) >= run.address)
    .sort((a, b) => a.address - b.address || (a.bit ?? 0) - (b.bit ?? 0));
  const points = (profile?.alarm_points ?? []).filter((point) => point.table === table);
  const spans: Span[] = [];
  let next = 0;
  for (let address = run.address; address < end; ) {
    const placed: PlacedField[] = [];
    let last = address;
    for (; next < fields.length && fields[next]!.address <= last; next += 1) {
      const field = fields[next]!;
      const field_last = last_of(field);
      placed.push({ field, last: field_last, is_whole: field.address >= run.address && field_last < end });
      last = Math.max(last, Math.min(field_last, end - 1));
    }
    const registers: Register[] = [];
    for (; address <= last; address += 1) {
      const here = placed.map(({ field }) => field).filter((field) => covers(field, address));
      registers.push(register_of(table, address, run.values[address - run.address]!, here, points.filter((point) => point.address === address)));
    }
    spans.push({ registers, fields: placed });
  }
  return spans;
}

const overlaps = (block: Block, run: RegisterRun): boolean =>
  block.table === table_of(run) && block.address < run.address + run.values.length && run.address < block.address + block.count;

export function rows_of(runs: RegisterRun[], profile: Profile | undefined): RunRows[] {
  return runs.map((run) => ({
    table: table_of(run),
    first: run.address,
    last: run.address + run.values.length - 1,
    blocks: (profile?.blocks ?? []).filter((block) => overlaps(block, run)).map((block) => block.name),
    spans: spans_of(run, profile),
  }));
}

// The part of a read that is one block.
export function within(runs: RegisterRun[], block: Block): RegisterRun[] {
  return runs.filter((run) => overlaps(block, run)).map((run) => {
    const first = Math.max(run.address, block.address);
    const end = Math.min(run.address + run.values.length, block.address + block.count);
    return { ...run, address: first, values: run.values.slice(first - run.address, end - run.address) };
  });
}

// Blocks of which no register was read: their condition was not met, or the controller refused them.
export const not_read = (blocks: Block[], runs: RegisterRun[]): Block[] => blocks.filter((block) => !runs.some((run) => overlaps(block, run)));

const exact_max = 2 ** 53; // JSON has all digits of a 64-bit value, a number of the browser has 53 bits

// The value that the server has decoded, in the map's own decimals; a dash for no data.
export function decoded_text(profile: Profile | undefined, field: ProfileField, value: Value, language: Language): string {
  if (field.codes) return code_text(profile, field, value, language) ?? no_data;
  const unit = field.unit_label?.[language] ?? field.unit;
  const text = format_field(value, { decimals: field.decimals, signed: field.signed ?? false }, language);
  const is_exact = typeof value !== "number" || Math.abs(value) * 10 ** field.decimals <= exact_max;
  return text === no_data ? no_data : (is_exact ? "" : "≈") + with_unit(text, unit);
}

// "5", "120…121".
export const range_text = (first: number, last: number): string => (first === last ? String(first) : `${first}…${last}`);

export const hex = (raw: number): string => raw.toString(16).toUpperCase().padStart(4, "0");
export const signed = (raw: number): number => (raw > 32767 ? raw - 65536 : raw);

// "0000 0010", "0000 0001": the high byte and the low byte.
export function binary(raw: number): [string, string] {
  const digits = raw.toString(2).padStart(16, "0");
  return [`${digits.slice(0, 4)} ${digits.slice(4, 8)}`, `${digits.slice(8, 12)} ${digits.slice(12)}`];
}
