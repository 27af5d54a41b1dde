import { format_number, no_data } from "./fmt";
import type { Device, Language, Limit, Profile, ProfileField, Reading, Text, Value } from "./types";

// How the fields of the two controllers are shown on cards, the device page and trends. Labels of codes, and fields that only a
// custom profile has, come from GET /api/profiles.

export type GroupName =
  | "power" | "generator" | "currents" | "engine" | "mains" | "sync" | "phases" | "counters"
  | "mains_load" | "busbar" | "busbar_load" | "service" | "state" | "other";

export interface FieldView {
  group: GroupName;
  label: Text;
  unit: Text;
  decimals: number;
  signed: boolean;
  axis: [number, number] | null; // ends of the bar; null: no bar
  min_span: number; // smallest range of a trend's axis, so that noise is not magnified
  is_zero_when_stopped: boolean; // shown muted while the genset is stopped and the value is 0
}

const units: Record<string, Text> = {
  "": { ru: "", en: "" }, kW: { ru: "кВт", en: "kW" }, kvar: { ru: "квар", en: "kvar" }, V: { ru: "В", en: "V" }, A: { ru: "А", en: "A" },
  Hz: { ru: "Гц", en: "Hz" }, "%": { ru: "%", en: "%" }, rpm: { ru: "об/мин", en: "rpm" }, "°C": { ru: "°C", en: "°C" }, "°": { ru: "°", en: "°" },
  kPa: { ru: "кПа", en: "kPa" }, "L/h": { ru: "л/ч", en: "L/h" }, kWh: { ru: "кВт·ч", en: "kWh" }, kvarh: { ru: "квар·ч", en: "kvarh" },
  h: { ru: "ч", en: "h" }, min: { ru: "мин", en: "min" },
};

type Row = [name: string, group: GroupName, ru: string, en: string, unit: string, decimals: number, more?: Partial<FieldView>];

const load = { is_zero_when_stopped: true };
const voltage = { min_span: 10 };
const frequency = { min_span: 1 };

const genset_rows: Row[] = [
  ["power_total", "power", "P", "P", "kW", 1, { min_span: 20, ...load }],
  ["reactive_total", "power", "Q", "Q", "kvar", 1, { signed: true, min_span: 20, ...load }],
  ["pf_avg", "power", "cos φ", "cos φ", "", 2, { min_span: 0.2 }],
  ["load_pct", "power", "Загрузка", "Load", "%", 0, { axis: [0, 120], min_span: 20 }],
  ["gen_uab", "generator", "Uab", "Uab", "V", 1, { axis: [0, 500], ...voltage }],
  ["gen_ubc", "generator", "Ubc", "Ubc", "V", 1, voltage],
  ["gen_uca", "generator", "Uca", "Uca", "V", 1, voltage],
  ["gen_freq", "generator", "f", "f", "Hz", 2, { axis: [45, 55], ...frequency }],
  ["current_a", "currents", "Ia", "Ia", "A", 1, { min_span: 20 }],
  ["current_b", "currents", "Ib", "Ib", "A", 1, { min_span: 20 }],
  ["current_c", "currents", "Ic", "Ic", "A", 1, { min_span: 20 }],
  ["current_earth", "currents", "Ток на землю", "Earth current", "A", 1, { min_span: 5 }],
  ["engine_speed", "engine", "Обороты", "Speed", "rpm", 0, { axis: [0, 2000], min_span: 50 }],
  ["coolant_temp", "engine", "Темп. ОЖ", "Coolant temp.", "°C", 0, { axis: [0, 120], min_span: 20 }],
  ["oil_temp", "engine", "Темп. масла", "Oil temp.", "°C", 0, { axis: [0, 120], min_span: 20 }],
  ["oil_pressure", "engine", "Давл. масла", "Oil pressure", "kPa", 0, { axis: [0, 800], min_span: 100 }],
  ["fuel_level", "engine", "Топливо", "Fuel", "%", 0, { axis: [0, 100], min_span: 10 }],
  ["fuel_pressure", "engine", "Давл. топлива", "Fuel pressure", "kPa", 0, { min_span: 100 }],
  ["turbo_pressure", "engine", "Наддув", "Boost", "kPa", 0, { min_span: 50 }],
  ["fuel_consumption", "engine", "Расход", "Consumption", "L/h", 1, { min_span: 10 }],
  ["battery_volt", "engine", "АКБ", "Battery", "V", 1, { axis: [16, 32], min_span: 2 }],
  ["charger_volt", "engine", "Зарядка", "Charger", "V", 1, { min_span: 2 }],
  ["mains_uab", "mains", "Uab", "Uab", "V", 1, voltage],
  ["mains_ubc", "mains", "Ubc", "Ubc", "V", 1, voltage],
  ["mains_uca", "mains", "Uca", "Uca", "V", 1, voltage],
  ["mains_freq", "mains", "f", "f", "Hz", 2, frequency],
  ["volt_diff", "sync", "ΔU", "ΔU", "V", 1, { signed: true, ...voltage }],
  ["freq_diff", "sync", "Δf", "Δf", "Hz", 2, { signed: true, ...frequency }],
  ["phase_diff", "sync", "Δφ", "Δφ", "°", 1, { signed: true, min_span: 20 }],
  ["power_a", "phases", "Pa", "Pa", "kW", 1, { min_span: 10, ...load }],
  ["power_b", "phases", "Pb", "Pb", "kW", 1, { min_span: 10, ...load }],
  ["power_c", "phases", "Pc", "Pc", "kW", 1, { min_span: 10, ...load }],
  ["reactive_a", "phases", "Qa", "Qa", "kvar", 1, { signed: true, min_span: 10, ...load }],
  ["reactive_b", "phases", "Qb", "Qb", "kvar", 1, { signed: true, min_span: 10, ...load }],
  ["reactive_c", "phases", "Qc", "Qc", "kvar", 1, { signed: true, min_span: 10, ...load }],
  ["pf_a", "phases", "cos φa", "cos φa", "", 2, { min_span: 0.2 }],
  ["pf_b", "phases", "cos φb", "cos φb", "", 2, { min_span: 0.2 }],
  ["pf_c", "phases", "cos φc", "cos φc", "", 2, { min_span: 0.2 }],
  ["run_hours", "counters", "Наработка", "Running hours", "h", 0, { min_span: 1 }],
  ["run_minutes", "counters", "Наработка, мин", "Running minutes", "min", 0, { min_span: 60 }],
  ["start_count", "counters", "Пуски", "Starts", "", 0, { min_span: 1 }],
  ["energy_kwh", "counters", "Энергия", "Energy", "kWh", 0, { min_span: 10 }],
];

const switchboard_rows: Row[] = [
  ["mains_uab", "mains", "Uab", "Uab", "V", 0, voltage],
  ["mains_ubc", "mains", "Ubc", "Ubc", "V", 0, voltage],
  ["mains_uca", "mains", "Uca", "Uca", "V", 0, voltage],
  ["mains_ua", "mains", "Ua", "Ua", "V", 0, voltage],
  ["mains_ub", "mains", "Ub", "Ub", "V", 0, voltage],
  ["mains_uc", "mains", "Uc", "Uc", "V", 0, voltage],
  ["mains_freq", "mains", "f", "f", "Hz", 2, { axis: [45, 55], ...frequency }],
  ["mains_ia", "mains_load", "Ia", "Ia", "A", 1, { min_span: 20 }],
  ["mains_ib", "mains_load", "Ib", "Ib", "A", 1, { min_span: 20 }],
  ["mains_ic", "mains_load", "Ic", "Ic", "A", 1, { min_span: 20 }],
  ["mains_total_p", "mains_load", "P", "P", "kW", 1, { signed: true, min_span: 20 }],
  ["mains_total_q", "mains_load", "Q", "Q", "kvar", 1, { signed: true, min_span: 20 }],
  ["busbar_uab", "busbar", "Uab", "Uab", "V", 0, voltage],
  ["busbar_ubc", "busbar", "Ubc", "Ubc", "V", 0, voltage],
  ["busbar_uca", "busbar", "Uca", "Uca", "V", 0, voltage],
  ["busbar_ua", "busbar", "Ua", "Ua", "V", 0, voltage],
  ["busbar_ub", "busbar", "Ub", "Ub", "V", 0, voltage],
  ["busbar_uc", "busbar", "Uc", "Uc", "V", 0, voltage],
  ["busbar_freq", "busbar", "f", "f", "Hz", 2, { axis: [45, 55], ...frequency }],
  ["busbar_current", "busbar_load", "I", "I", "A", 1, { min_span: 20 }],
  ["busbar_p", "busbar_load", "P", "P", "kW", 1, { signed: true, min_span: 20 }],
  ["busbar_q", "busbar_load", "Q", "Q", "kvar", 1, { signed: true, min_span: 20 }],
  ["accum_kwh", "service", "Активная энергия", "Active energy", "kWh", 1, { min_span: 10 }],
  ["accum_kvarh", "service", "Реактивная энергия", "Reactive energy", "kvarh", 1, { min_span: 10 }],
  ["maint_hours", "service", "До ТО", "To maintenance", "h", 0, { min_span: 10 }],
  ["battery_v", "service", "АКБ", "Battery", "V", 1, { axis: [16, 32], min_span: 2 }],
];

function table_of(rows: Row[]): Map<string, FieldView> {
  return new Map(
    rows.map(([name, group, ru, en, unit, decimals, more]) => [
      name,
      { group, label: { ru, en }, unit: units[unit] ?? { ru: unit, en: unit }, decimals, signed: false, axis: null, min_span: 0, is_zero_when_stopped: false, ...more },
    ]),
  );
}

export const tables: Record<Device["device_type"], Map<string, FieldView>> = { generator: table_of(genset_rows), ats: table_of(switchboard_rows) };

// Bits and codes that the page shows as symbols or texts, not as rows of the tables above.
export const state_fields: Record<Device["device_type"], readonly string[]> = {
  generator: [
    "mode_auto", "mode_manual", "mode_stop", "mode_test", "alarm_common", "alarm_shutdown", "alarm_warning", "alarm_block",
    "alarm_count", "gen_status", "mains_normal", "mains_load", "gen_normal", "gen_closed",
  ],
  ats: [
    "mode_test", "mode_auto", "mode_manual", "mode_stop", "alarm_common", "alarm_shutdown", "alarm_warning", "alarm_trip_stop",
    "genset_status", "busbar_switch", "mains_status", "mains_switch",
  ],
};

export const group_order: Record<Device["device_type"], GroupName[]> = {
  generator: ["power", "generator", "engine", "currents", "mains", "sync", "phases", "counters", "other"],
  ats: ["mains", "mains_load", "busbar", "busbar_load", "service", "other"],
};

export function view_of(field: ProfileField, type: Device["device_type"]): FieldView {
  const known = tables[type].get(field.name);
  if (known) {
    // A custom profile may have another unit or scale.
    const unit = field.unit_label ?? units[field.unit] ?? { ru: field.unit, en: field.unit };
    return { ...known, unit, decimals: Math.min(known.decimals, field.decimals), signed: field.signed ?? known.signed };
  }
  return {
    group: state_fields[type].includes(field.name) ? "state" : "other",
    label: field.label,
    unit: field.unit_label ?? units[field.unit] ?? { ru: field.unit, en: field.unit },
    decimals: field.decimals,
    signed: field.signed ?? false,
    axis: null,
    min_span: 0,
    is_zero_when_stopped: false,
  };
}

// Fields in the order of the table, then the fields that the table does not contain.
export function in_table_order<Field extends { name: string }>(fields: Field[], type: Device["device_type"]): Field[] {
  const names = [...tables[type].keys()];
  const position = (field: Field): number => (names.includes(field.name) ? names.indexOf(field.name) : names.length);
  return [...fields].sort((a, b) => position(a) - position(b));
}

// Ends of a field's bar; those of voltages follow the nominal values of the device.
export function axis_of(name: string, view: FieldView, device: Device | null): [number, number] | null {
  if (!view.axis) return null;
  if (name === "gen_uab" && device?.nominal_voltage) return [0, 1.25 * device.nominal_voltage];
  if ((name === "battery_volt" || name === "battery_v") && device?.battery_voltage === 12) return [8, 16];
  return view.axis;
}

export function limit_of(name: string, device: Device | null): Limit | null {
  return device?.limits?.[name] ?? null;
}

export function is_outside(value: Value, limit: Limit | null): boolean {
  if (typeof value !== "number" || !limit) return false;
  return (limit.low !== undefined && value < limit.low) || (limit.high !== undefined && value > limit.high);
}

// The modes whose bits are set: normally one; none without data; several if the bits contradict.
export type Mode = "auto" | "manual" | "stop" | "test";
export function modes_of(reading: Reading | null): Mode[] {
  const all: Mode[] = ["auto", "manual", "stop", "test"];
  return reading ? all.filter((mode) => reading[`mode_${mode}`] === true) : [];
}

// The label of a code; "code N" if the profile has no label for it; null for no data.
export function code_text(profile: Profile | undefined, field_name: string, value: Value, language: Language): string | null {
  if (typeof value !== "number") return null;
  const table_name = profile?.fields.find((field) => field.name === field_name)?.codes;
  const code = profile?.code_tables.find((table) => table.name === table_name)?.codes.find((one) => one.value === value);
  return code?.label[language] ?? `${language === "ru" ? "код" : "code"} ${value}`;
}

export function format_field(value: Value, view: FieldView, language: Language): string {
  if (typeof value === "boolean") return language === "ru" ? (value ? "да" : "нет") : value ? "yes" : "no";
  if (typeof value === "string") return value || no_data;
  return format_number(value, view.decimals, language, view.signed);
}
