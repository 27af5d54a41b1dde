import { is_older } from "./store";
import type { Reading, Value } from "./types";

// Points of a trend: the server's history, then the readings received since the page was opened. A gap has a null, so that no
// line is drawn across it.

export interface TrendPoint {
  at_ms: number;
  value: number | null;
}

const points_max = 1800;
const missed_cadences = 3;

export class TrendRing {
  private rings = new Map<string, TrendPoint[]>();
  private last_ms: number | null = null;
  private last: Reading | null = null;

  constructor(private cadence_ms: number) {}

  add(reading: Reading): void {
    const at_ms = Date.parse(reading.timestamp);
    if (!Number.isFinite(at_ms) || at_ms === this.last_ms || (this.last && is_older(reading, this.last))) return;
    this.last = reading;
    if (this.last_ms !== null && at_ms < this.last_ms) this.handle_clock_set_back(at_ms);
    const cadence = reading.cadence_ms ?? this.cadence_ms;
    const gap = this.last_ms !== null && at_ms - this.last_ms > missed_cadences * cadence;
    for (const [name, value] of Object.entries(reading)) {
      if (typeof value !== "number" && value !== null) continue;
      const ring = this.ring(name);
      if (gap) ring.push({ at_ms: (this.last_ms ?? at_ms) + cadence, value: null });
      ring.push({ at_ms, value: reading.online ? number_or_null(value) : null });
      while (ring.length > points_max) ring.shift();
    }
    this.last_ms = at_ms;
  }

  // The server's clock was set back. Points after the new time are removed, since that time comes again; a null marks the step.
  private handle_clock_set_back(to_ms: number): void {
    for (const ring of this.rings.values()) {
      while (ring.length > 0 && ring[ring.length - 1]!.at_ms >= to_ms) ring.pop();
      const last = ring[ring.length - 1];
      if (last && last.at_ms + 1 < to_ms) ring.push({ at_ms: last.at_ms + 1, value: null });
    }
    this.last_ms = null;
  }

  points(name: string): TrendPoint[] {
    return this.rings.get(name) ?? [];
  }

  private ring(name: string): TrendPoint[] {
    let ring = this.rings.get(name);
    if (!ring) this.rings.set(name, (ring = []));
    return ring;
  }
}

function number_or_null(value: Value): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export interface History {
  from: string;
  step_ms: number;
  fields: Record<string, ([number, number, number] | null)[]>;
}

// The mean of each bucket, at the middle of the bucket.
export function history_points(history: History): Map<string, TrendPoint[]> {
  const from = Date.parse(history.from);
  return new Map(
    Object.entries(history.fields).map(([name, buckets]) => [
      name,
      buckets.map((bucket, index) => ({ at_ms: from + (index + 0.5) * history.step_ms, value: bucket ? bucket[2] : null })),
    ]),
  );
}

// Times in seconds, ascending, and their values: the history up to the first live point, then the live points. `step_ms` is the
// length of a bucket. Buckets shorter than the device's cadence are often empty, so a single empty bucket is not a gap.
export function merge_points(history: TrendPoint[], live: TrendPoint[], step_ms: number): [number[], (number | null)[]] {
  const live_start = live[0]?.at_ms ?? Infinity;
  const earlier = history.filter((point) => point.at_ms < live_start);
  const gap_ms = Math.max(3 * step_ms, 3 * median_interval(earlier));
  const times: number[] = [];
  const values: (number | null)[] = [];
  const append = (point: TrendPoint) => {
    times.push(point.at_ms / 1000);
    values.push(point.value);
  };
  let last: number | null = null;
  for (const point of earlier) {
    if (point.value === null) continue;
    if (last !== null && point.at_ms - last > gap_ms) append({ at_ms: last + 1, value: null });
    append(point);
    last = point.at_ms;
  }
  const first = live[0];
  if (first && last !== null && first.at_ms - last > gap_ms) append({ at_ms: last + 1, value: null });
  for (const point of live) append(point);
  return [times, values];
}

function median_interval(points: TrendPoint[]): number {
  const known = points.filter((point) => point.value !== null);
  const intervals = known.slice(1).map((point, index) => point.at_ms - (known[index]?.at_ms ?? 0)).sort((a, b) => a - b);
  return intervals[Math.floor(intervals.length / 2)] ?? 0;
}
