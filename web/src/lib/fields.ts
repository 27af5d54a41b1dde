import { format_number, no_data } from "./fmt";
import { field_of, label_of_code, meaning_at, value_at, type Role, type Source } from "./roles";
import type { Device, Language, Limit, Profile, ProfileField, Text, Value } from "./types";

// How the page shows fields on cards, the device page and trends: by their roles. Names, units, and labels of codes come from
// GET /api/profiles, and so does the label of a field that has no short one here.

export type GroupName =
  | "power" | "generator" | "currents" | "engine" | "mains" | "sync" | "phases" | "counters"
  | "mains_power" | "busbar" | "busbar_power" | "service" | "state" | "other";

export interface FieldView {
  role: Role | null;
  group: GroupName;
  heading: Text | null; // of the group "other": the label of the profile's group
  label: Text;
  unit: Text;
  decimals: number;
  signed: boolean;
  axis: [number, number] | null; // ends of the bar; null: no bar
  min_span: number; // smallest range of a trend's axis, so that noise is not magnified
  is_zero_when_stopped: boolean; // shown muted while the genset is stopped and the value is 0
}

// What the page adds to a field: its group, a short label, and how many of its decimals are shown.
export interface RoleView {
  group: GroupName;
  short: Text | null; // null: the profile's label
  decimals: number;
  axis?: [number, number];
  min_span: number;
  is_zero_when_stopped?: boolean;
}

type Row = [role: Role, group: GroupName, ru: string, en: string, decimals: number, more: Omit<RoleView, "group" | "short" | "decimals">];

const load = { is_zero_when_stopped: true };
const voltage = { min_span: 10 };
const frequency = { min_span: 1 };

const genset_rows: Row[] = [
  ["power.active.total", "power", "P", "P", 1, { min_span: 20, ...load }],
  ["power.reactive.total", "power", "Q", "Q", 1, { min_span: 20, ...load }],
  ["power.factor", "power", "cos φ", "cos φ", 2, { min_span: 0.2 }],
  ["engine.load", "power", "Загрузка", "Load", 0, { axis: [0, 120], min_span: 20 }],
  ["generator.voltage.ab", "generator", "Uab", "Uab", 1, { axis: [0, 500], ...voltage }],
  ["generator.voltage.bc", "generator", "Ubc", "Ubc", 1, voltage],
  ["generator.voltage.ca", "generator", "Uca", "Uca", 1, voltage],
  ["generator.frequency", "generator", "f", "f", 2, { axis: [45, 55], ...frequency }],
  ["generator.current.a", "currents", "Ia", "Ia", 1, { min_span: 20 }],
  ["generator.current.b", "currents", "Ib", "Ib", 1, { min_span: 20 }],
  ["generator.current.c", "currents", "Ic", "Ic", 1, { min_span: 20 }],
  ["generator.current.earth", "currents", "", "", 1, { min_span: 5 }],
  ["engine.speed", "engine", "Обороты", "Speed", 0, { axis: [0, 2000], min_span: 50 }],
  ["engine.coolant.temperature", "engine", "Темп. ОЖ", "Coolant temp.", 0, { axis: [0, 120], min_span: 20 }],
  ["engine.oil.temperature", "engine", "Темп. масла", "Oil temp.", 0, { axis: [0, 120], min_span: 20 }],
  ["engine.oil.pressure", "engine", "Давл. масла", "Oil pressure", 0, { axis: [0, 800], min_span: 100 }],
  ["fuel.level", "engine", "Топливо", "Fuel", 0, { axis: [0, 100], min_span: 10 }],
  ["fuel.pressure", "engine", "Давл. топлива", "Fuel pressure", 0, { min_span: 100 }],
  ["engine.boost.pressure", "engine", "Наддув", "Boost", 0, { min_span: 50 }],
  ["fuel.rate", "engine", "Расход", "Consumption", 1, { min_span: 10 }],
  ["battery.voltage", "engine", "АКБ", "Battery", 1, { axis: [16, 32], min_span: 2 }],
  ["charger.voltage", "engine", "Зарядка", "Charger", 1, { min_span: 2 }],
  ["mains.voltage.ab", "mains", "Uab", "Uab", 1, voltage],
  ["mains.voltage.bc", "mains", "Ubc", "Ubc", 1, voltage],
  ["mains.voltage.ca", "mains", "Uca", "Uca", 1, voltage],
  ["mains.frequency", "mains", "f", "f", 2, frequency],
  ["sync.voltage_difference", "sync", "ΔU", "ΔU", 1, { ...voltage }],
  ["sync.frequency_difference", "sync", "Δf", "Δf", 2, { ...frequency }],
  ["sync.phase_difference", "sync", "Δφ", "Δφ", 1, { min_span: 20 }],
  ["power.active.a", "phases", "Pa", "Pa", 1, { min_span: 10, ...load }],
  ["power.active.b", "phases", "Pb", "Pb", 1, { min_span: 10, ...load }],
  ["power.active.c", "phases", "Pc", "Pc", 1, { min_span: 10, ...load }],
  ["power.reactive.a", "phases", "Qa", "Qa", 1, { min_span: 10, ...load }],
  ["power.reactive.b", "phases", "Qb", "Qb", 1, { min_span: 10, ...load }],
  ["power.reactive.c", "phases", "Qc", "Qc", 1, { min_span: 10, ...load }],
  ["power.factor.a", "phases", "cos φa", "cos φa", 2, { min_span: 0.2 }],
  ["power.factor.b", "phases", "cos φb", "cos φb", 2, { min_span: 0.2 }],
  ["power.factor.c", "phases", "cos φc", "cos φc", 2, { min_span: 0.2 }],
  ["engine.run_time.hours", "counters", "Наработка", "Running hours", 0, { min_span: 1 }],
  ["engine.run_time.minutes", "counters", "Наработка, мин", "Running minutes", 0, { min_span: 60 }],
  ["engine.starts", "counters", "Пуски", "Starts", 0, { min_span: 1 }],
  ["energy.active.generated", "counters", "Энергия", "Energy", 0, { min_span: 10 }],
];

const switchboard_rows: Row[] = [
  ["mains.voltage.ab", "mains", "Uab", "Uab", 0, voltage],
  ["mains.voltage.bc", "mains", "Ubc", "Ubc", 0, voltage],
  ["mains.voltage.ca", "mains", "Uca", "Uca", 0, voltage],
  ["mains.voltage.a", "mains", "Ua", "Ua", 0, voltage],
  ["mains.voltage.b", "mains", "Ub", "Ub", 0, voltage],
  ["mains.voltage.c", "mains", "Uc", "Uc", 0, voltage],
  ["mains.frequency", "mains", "f", "f", 2, { axis: [45, 55], ...frequency }],
  ["mains.current.a", "mains_power", "Ia", "Ia", 1, { min_span: 20 }],
  ["mains.current.b", "mains_power", "Ib", "Ib", 1, { min_span: 20 }],
  ["mains.current.c", "mains_power", "Ic", "Ic", 1, { min_span: 20 }],
  ["mains.power.active.total", "mains_power", "P", "P", 1, { min_span: 20 }],
  ["mains.power.reactive.total", "mains_power", "Q", "Q", 1, { min_span: 20 }],
  ["busbar.voltage.ab", "busbar", "Uab", "Uab", 0, voltage],
  ["busbar.voltage.bc", "busbar", "Ubc", "Ubc", 0, voltage],
  ["busbar.voltage.ca", "busbar", "Uca", "Uca", 0, voltage],
  ["busbar.voltage.a", "busbar", "Ua", "Ua", 0, voltage],
  ["busbar.voltage.b", "busbar", "Ub", "Ub", 0, voltage],
  ["busbar.voltage.c", "busbar", "Uc", "Uc", 0, voltage],
  ["busbar.frequency", "busbar", "f", "f", 2, { axis: [45, 55], ...frequency }],
  ["busbar.current", "busbar_power", "I", "I", 1, { min_span: 20 }],
  ["busbar.power.active.total", "busbar_power", "P", "P", 1, { min_span: 20 }],
  ["busbar.power.reactive.total", "busbar_power", "Q", "Q", 1, { min_span: 20 }],
  ["energy.reactive", "service", "", "", 1, { min_span: 10 }],
  ["service.hours_left", "service", "До ТО", "To maintenance", 0, { min_span: 10 }],
  ["battery.voltage", "service", "АКБ", "Battery", 1, { axis: [16, 32], min_span: 2 }],
];

function table_of(rows: Row[]): Map<Role, RoleView> {
  return new Map(rows.map(([role, group, ru, en, decimals, more]) => [role, { group, short: en === "" ? null : { ru, en }, decimals, ...more }]));
}

export const tables: Record<Device["device_type"], Map<Role, RoleView>> = { generator: table_of(genset_rows), ats: table_of(switchboard_rows) };

export const group_order: Record<Device["device_type"], GroupName[]> = {
  generator: ["power", "generator", "engine", "currents", "mains", "sync", "phases", "counters", "other"],
  ats: ["mains", "mains_power", "busbar", "busbar_power", "service", "other"],
};

// Bits and codes with a role are shown as symbols or texts, not as values in a group.
function is_state(field: ProfileField): boolean {
  return field.role !== null && (field.type === "bit" || field.codes !== null || field.role === "alarm.count");
}

function unit_of(field: ProfileField): Text {
  return field.unit_label ?? { ru: field.unit, en: field.unit };
}

// The group of a field that the tables do not contain: that of a neighbour, which is in the same group of the profile.
function neighbour_of(field: ProfileField, profile: Profile | undefined, type: Device["device_type"]): { role: Role; after: boolean } | null {
  const fields = profile?.fields.filter((one) => one.group === field.group) ?? [];
  const place = fields.findIndex((one) => one.name === field.name);
  const is_known = (one: ProfileField): boolean => one.role !== null && tables[type].has(one.role);
  const next = fields.slice(place + 1).find(is_known);
  if (next) return { role: next.role!, after: false };
  const before = fields.slice(0, Math.max(0, place)).reverse().find(is_known);
  return before ? { role: before.role!, after: true } : null;
}

export function view_of(field: ProfileField, type: Device["device_type"], profile: Profile | undefined): FieldView {
  const known = field.role ? tables[type].get(field.role) : undefined;
  const plain = {
    role: field.role, label: field.label, unit: unit_of(field), heading: null, signed: field.signed ?? false, axis: null, is_zero_when_stopped: false,
  };
  if (known) {
    const { short, ...view } = known;
    return { ...plain, ...view, axis: view.axis ?? null, label: short ?? field.label, decimals: Math.min(known.decimals, field.decimals) };
  }
  if (is_state(field)) return { ...plain, group: "state", decimals: field.decimals, min_span: 0 };
  const neighbour = neighbour_of(field, profile, type);
  const group = neighbour ? tables[type].get(neighbour.role)!.group : "other";
  const heading = neighbour ? null : profile?.groups.find((one) => one.name === field.group)?.label ?? null;
  return { ...plain, group, heading, decimals: field.decimals, min_span: 0 };
}

// The label of a role and its unit in the profiles, for columns that several profiles share.
export function role_text(profiles: Iterable<Profile>, role: Role, type: Device["device_type"], language: Language): string {
  const field = [...profiles].map((profile) => field_of(profile, role)).find((one) => one !== undefined);
  const label = tables[type].get(role)?.short ?? field?.label ?? { ru: role, en: role };
  const unit = field ? unit_of(field)[language] : "";
  return unit ? `${label[language]}, ${unit}` : label[language];
}

// Fields in the order of the table. A field that the table does not contain is beside its neighbour, else at the end.
export function in_table_order(profile: Profile, type: Device["device_type"]): ProfileField[] {
  const roles = [...tables[type].keys()];
  const position = (field: ProfileField): number => {
    if (field.role !== null && tables[type].has(field.role)) return roles.indexOf(field.role);
    const neighbour = is_state(field) ? null : neighbour_of(field, profile, type);
    return neighbour ? roles.indexOf(neighbour.role) + (neighbour.after ? 0.5 : -0.5) : roles.length;
  };
  return [...profile.fields].sort((a, b) => position(a) - position(b));
}

export interface ShownField {
  name: string;
  view: FieldView;
}

export interface ShownGroup {
  group: GroupName;
  heading: Text | null; // null: the page's own name of the group
  fields: ShownField[];
}

// The values of the device page by group: the page's groups, then the groups of the profile in which the page knows no field.
export function groups_of(profile: Profile, type: Device["device_type"]): ShownGroup[] {
  const groups: ShownGroup[] = group_order[type].filter((group) => group !== "other").map((group) => ({ group, heading: null, fields: [] }));
  for (const field of in_table_order(profile, type)) {
    const view = view_of(field, type, profile);
    if (view.group === "state") continue;
    let shown = groups.find((one) => one.group === view.group && one.heading?.en === view.heading?.en);
    if (!shown) groups.push((shown = { group: view.group, heading: view.heading, fields: [] }));
    shown.fields.push({ name: field.name, view });
  }
  return groups.filter(({ fields }) => fields.length > 0);
}

// Ends of a field's bar; those of voltages follow the nominal values of the device.
export function axis_of({ role, axis }: Pick<FieldView, "role" | "axis">, device: Device | null): [number, number] | null {
  if (!axis) return null;
  if (role === "generator.voltage.ab" && device?.nominal_voltage) return [0, 1.25 * device.nominal_voltage];
  if (role === "battery.voltage" && device?.battery_voltage === 12) return [8, 16];
  return axis;
}

export function limit_of(name: string, device: Device | null): Limit | null {
  return device?.limits?.[name] ?? null;
}

export function is_outside(value: Value, limit: Limit | null): boolean {
  if (typeof value !== "number" || !limit) return false;
  return (limit.low !== undefined && value < limit.low) || (limit.high !== undefined && value > limit.high);
}

// The modes whose bits are set, or the mode of the code: normally one; none without data; several if the bits contradict.
export type Mode = "auto" | "manual" | "stop" | "test";
export function modes_of(source: Source): Mode[] {
  const all: Mode[] = ["auto", "manual", "stop", "test"];
  const set = all.filter((mode) => value_at(source, `mode.${mode}`) === true);
  if (set.length > 0) return set;
  const meaning = meaning_at(source, "mode");
  return all.filter((mode) => mode === meaning);
}

// The label of a code; "code N" if the profile has no label for it; null for no data.
export function code_text(profile: Profile | undefined, field: ProfileField | undefined, value: Value, language: Language): string | null {
  if (typeof value !== "number") return null;
  return label_of_code(profile, field, value)?.[language] ?? `${language === "ru" ? "код" : "code"} ${value}`;
}

export function format_field(value: Value, view: Pick<FieldView, "decimals" | "signed">, language: Language): string {
  if (typeof value === "boolean") return language === "ru" ? (value ? "да" : "нет") : value ? "yes" : "no";
  if (typeof value === "string") return value || no_data;
  return format_number(value, view.decimals, language, view.signed);
}
