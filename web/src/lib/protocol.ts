import type { PlantEvent, Reading } from "./types";

// Messages of /ws/metrics?proto=2, and of the default protocol: a snapshot without `epoch`, then bare readings.
export interface Snapshot {
  type: "snapshot";
  epoch?: string;
  seq?: number;
  server_time?: string;
  poll_interval?: number;
  config_rev?: number;
  ui_version?: string;
  sending_ms?: number;
  data: Reading[];
  alarms?: PlantEvent[];
}
export interface Batch { type: "batch"; epoch?: string; seq?: number; server_time?: string; data: Reading[] }
export interface Removed { type: "removed"; epoch?: string; seq?: number; server_time?: string; device_ids: number[] }
export interface Heartbeat { type: "hb"; epoch?: string; seq?: number; server_time?: string }
export interface EventMessage { type: "event"; epoch?: string; seq?: number; server_time?: string; event: PlantEvent }
export interface ConfigMessage { type: "config"; epoch?: string; seq?: number; server_time?: string; config_rev: number }
export interface ErrorMessage { type: "error"; seq?: undefined; epoch?: undefined; server_time?: undefined; code: string; message: string }
export type Message = Snapshot | Batch | Removed | Heartbeat | EventMessage | ConfigMessage | ErrorMessage;

const has_id = (value: unknown): value is Reading => typeof (value as Reading | null)?.device_id === "number";

// Null: a pong, malformed, or of a type that this page does not know.
export function parse_message(text: string): Message | null {
  if (text === "pong") return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { type, data } = value as { type?: unknown; data?: unknown };
  if (type === undefined) return has_id(value) ? { type: "batch", data: [value] } : null;
  if (type === "snapshot" || type === "batch") return Array.isArray(data) && data.every(has_id) ? (value as Snapshot | Batch) : null;
  if (type === "removed") return Array.isArray((value as Removed).device_ids) ? (value as Removed) : null;
  if (type === "event") return (value as EventMessage).event ? (value as EventMessage) : null;
  return type === "hb" || type === "config" || type === "error" ? (value as Message) : null;
}

// Detects missing messages: the seq of each numbered message is one more than the seq before it.
export class Sequence {
  private epoch: string | undefined;
  private seq: number | undefined;

  // False: a message is missing, or the server was restarted. A new snapshot is needed.
  accept(message: Message): boolean {
    if (message.type === "snapshot") {
      this.epoch = message.epoch;
      this.seq = message.seq;
      return true;
    }
    if (message.seq === undefined) return true;
    const follows = this.seq !== undefined && message.seq === this.seq + 1 && message.epoch === this.epoch;
    if (follows) this.seq = message.seq;
    return follows;
  }
}

// Sets received_ms of each reading: when the message was sent, by the stopwatch of this page. Sending a long snapshot takes
// sending_ms, so its readings count as sent at its start: no value may look younger than it is.
export function stamp(message: Message, sent_ms: number): void {
  if (message.type !== "snapshot" && message.type !== "batch") return;
  const from_ms = sent_ms - (message.type === "snapshot" ? (message.sending_ms ?? 0) : 0);
  for (const reading of message.data) reading.received_ms = from_ms;
}
