// Types of the REST API and the WebSocket, as GET /api/openapi.json describes them.

export type Language = "ru" | "en";
export type Text = Record<Language, string>;

export interface Site {
  id: number;
  name: string;
  code: string;
  network: string | null;
  description: string | null;
  is_active: boolean;
  topology?: { blocks: TopologyBlock[] } | null;
  alarm_notes?: AlarmNotes | null;
}

export type AlarmNotes = Record<string, string>; // by the code of an event

export interface TopologyBlock {
  mains_device: number | null;
  gensets: number[];
}

export interface Limit {
  low?: number;
  high?: number;
}

export interface Device {
  id: number;
  site_id: number;
  name: string;
  device_type: "generator" | "ats";
  profile: string;
  ip_address: string;
  port: number;
  protocol: "tcp" | "rtu_over_tcp";
  slave_id: number;
  is_active: boolean;
  poll_interval: number | null;
  modbus_timeout: number | null;
  retry_delay: number | null;
  offline_after: number | null;
  connect_delay: number;
  description: string | null;
  rated_power_kw?: number | null;
  nominal_voltage?: number | null;
  battery_voltage?: number | null;
  limits?: Record<string, Limit> | null;
  inputs?: Inputs | null;
}

export type InputKind = "alarm" | "status" | "spare";
export type Inputs = Record<string, Text & { kind?: InputKind }>; // by the number of the digital input; kind: "alarm" by default

export interface Code {
  value: number;
  key: string;
  label: Text;
  means: string | null; // a word of the field's role
}

export interface ProfileField {
  name: string;
  label: Text;
  unit: string;
  unit_label?: Text | null;
  signed?: boolean;
  decimals: number;
  group: string;
  codes: string | null;
  role: string | null; // what the field is, whatever its name
  type: string;
  table: RegisterTable;
  address: number;
  bit?: number; // of a bit in a register
  registers?: number; // of a type without a fixed length
}

export type RegisterTable = "holding" | "input" | "coils" | "discrete";

export interface Block {
  name: string;
  table: RegisterTable;
  address: number;
  count: number;
  when?: string[]; // read while one of these conditions is met
}

export interface Profile {
  name: string;
  title: Text;
  device_type: "generator" | "ats";
  protocol: "tcp" | "rtu_over_tcp";
  groups: { name: string; label: Text }[];
  code_tables: { name: string; codes: Code[] }[];
  blocks: Block[];
  fields: ProfileField[];
  origin?: "built_in" | "file" | "database"; // file: of the directory PROFILES; database: uploaded
  confirmed: boolean; // false: the map was never compared with a controller
  seen: string[];
  alarm_points?: AlarmPoint[]; // of GET /api/profiles/{name} only
}

export type Value = number | boolean | string | null | undefined;

export interface Reading {
  device_id: number;
  site_code: string;
  device_type: "generator" | "ats";
  timestamp: string;
  online: boolean;
  error: string | null;
  last_seen?: string | null;
  seq?: number | null;
  epoch?: string | null;
  cadence_ms?: number | null;
  age_ms?: number | null; // age of the values when the message was sent, by the server's monotonic clock
  received_ms?: number; // when the message was sent, by this page's stopwatch
  [field: string]: Value;
}

export type Priority = 1 | 2 | 3 | 4;
export type EventState = "active" | "acknowledged" | "returned" | "closed";

export interface PlantEvent {
  id: number;
  device_id: number | null;
  site_id: number | null;
  site_code: string;
  kind: string;
  priority: Priority | null;
  code: string;
  args: Record<string, unknown>;
  state: EventState;
  onset: string;
  onset_at_latest: boolean;
  returned_at: string | null;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
}

// An alarm of a controller by name, of GET /api/profiles/{name}.
export interface AlarmPoint {
  code: string;
  class: string;
  table: RegisterTable;
  address: number;
  mask: number; // bits of the register; 1 for a coil or discrete input
  value: number | null; // of the bits, shifted down; null: not 0
  label: Text;
  help: Text | null;
  input?: number | null; // the digital input that raises it
  confirmed: boolean;
}

// Consecutive registers or bits that POST /api/devices/read has returned.
export interface RegisterRun {
  table?: RegisterTable; // missing: holding
  address: number;
  values: number[];
}

export interface ReadNowResult {
  success: boolean;
  error: string | null;
  latency_ms: number;
  requests: number;
  reading: Reading | null; // null after a failure, and for a range
  registers: RegisterRun[];
}

export interface EventCode {
  code: string;
  kind: string;
  priority: Priority | null;
  text: Text;
}
