import type { Batch, Removed, Snapshot } from "./protocol";
import type { Reading } from "./types";

// The newest reading of each device. Received readings wait until flush(), at most one for each device, so memory does not grow
// when readings arrive faster than the page paints.
export class Store {
  private shown = new Map<number, Reading | null>();
  private pending = new Map<number, Reading | null>(); // null: removed

  // `alarm_bits`: the names of a device's alarm bits.
  constructor(private alarm_bits: (device_id: number) => readonly string[]) {}

  // True: an alarm bit or the online state of a device changed, so the page must be painted at once.
  batch(message: Batch): boolean {
    let urgent = false;
    for (const reading of message.data) urgent = this.take(reading) || urgent;
    return urgent;
  }

  // Devices of the selection (null: all) that the snapshot does not contain are removed.
  snapshot(message: Snapshot, selection: ReadonlySet<number> | null): void {
    const present = new Set(message.data.map((reading) => reading.device_id));
    for (const id of [...this.shown.keys(), ...this.pending.keys()]) {
      if (!present.has(id) && (selection === null || selection.has(id))) this.pending.set(id, null);
    }
    for (const reading of message.data) {
      const held = this.newest(reading.device_id);
      // The same reading in the overview has fewer fields, but a newer age: keep the fields, take the age.
      const is_narrower = held && is_same(held, reading) && Object.keys(held).length > Object.keys(reading).length;
      this.pending.set(reading.device_id, is_narrower ? { ...held, ...reading } : reading);
    }
  }

  removed(message: Removed): void {
    for (const id of message.device_ids) this.pending.set(id, null);
  }

  remove(id: number): void {
    this.pending.set(id, null);
  }

  ids(): number[] {
    return [...this.shown.keys()];
  }

  // Passes each change since the last call to `change`.
  flush(change: (id: number, reading: Reading | null) => void): void {
    for (const [id, reading] of this.pending) {
      if (reading) this.shown.set(id, reading);
      else this.shown.delete(id);
      change(id, reading);
    }
    this.pending.clear();
  }

  get pending_count(): number {
    return this.pending.size;
  }

  private newest(id: number): Reading | null | undefined {
    return this.pending.has(id) ? this.pending.get(id) : this.shown.get(id);
  }

  private take(reading: Reading): boolean {
    const held = this.newest(reading.device_id);
    if (held && is_older(reading, held)) return false;
    this.pending.set(reading.device_id, reading);
    return !held || held.online !== reading.online || this.alarm_bits(reading.device_id).some((bit) => held[bit] !== reading[bit]);
  }
}

// seq orders the readings of one run of the daemon (epoch). Without seq and epoch the order of arrival counts, not the timestamp:
// the timestamp's clock may be set back.
function is_same_epoch(one: Reading, other: Reading): boolean {
  return typeof one.seq === "number" && typeof other.seq === "number" && typeof one.epoch === "string" && one.epoch === other.epoch;
}

export function is_older(reading: Reading, held: Reading): boolean {
  return is_same_epoch(reading, held) && Number(reading.seq) < Number(held.seq);
}

function is_same(one: Reading, other: Reading): boolean {
  return is_same_epoch(one, other) ? one.seq === other.seq : one.timestamp === other.timestamp;
}
