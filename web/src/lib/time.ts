// The server's time, and a stopwatch for ages that does not depend on wall clocks. The clock of this machine may be wrong, the
// server's clock may be set while the page is open, and this machine may sleep.

const offsets_max = 20;
const jump_ms = 5000; // a larger jump means that a clock was set: earlier samples are discarded

// Milliseconds since the page was loaded; they never decrease. performance.now() may stop while the machine sleeps, so a forward
// jump of the wall clock is added as time asleep. A wall clock that is set ahead looks the same: values then look older than they
// are until the next snapshot. A wall clock that is set back changes nothing.
export class Stopwatch {
  private difference: number | null = null; // wall clock minus performance.now()
  private slept_ms = 0;
  elapsed_ms = 0;

  // True: the machine slept, or its clock was set ahead.
  read(wall_ms: number, performance_ms: number): boolean {
    const difference = wall_ms - performance_ms;
    const jumped = this.difference === null ? 0 : difference - this.difference;
    this.difference = difference;
    if (jumped > jump_ms) this.slept_ms += jumped;
    this.elapsed_ms = Math.max(this.elapsed_ms, performance_ms + this.slept_ms);
    return jumped > jump_ms;
  }
}

// The server's wall clock, for display. Ages do not depend on it.
export class ServerClock {
  private offsets: number[] = [];

  // offset_ms: the server's clock minus the stopwatch.
  constructor(private offset_ms = 0) {}

  get known(): boolean {
    return this.offsets.length > 0;
  }

  // The transit time of a message makes its offset too small, so the largest offset of the last messages is the best one. Returns
  // by how much this message was slower than the fastest; null: the server's clock was set, and the transit time is unknown.
  add_sample(server_time: string, elapsed_ms: number): number | null {
    const server_ms = Date.parse(server_time);
    if (Number.isNaN(server_ms)) return 0;
    const offset = server_ms - elapsed_ms;
    const was_set = this.known && Math.abs(offset - this.offset_ms) > jump_ms;
    if (was_set) this.offsets = [];
    this.offsets.push(offset);
    if (this.offsets.length > offsets_max) this.offsets.shift();
    this.offset_ms = Math.max(...this.offsets);
    return was_set ? null : this.offset_ms - offset;
  }

  now(elapsed_ms: number): number {
    return elapsed_ms + this.offset_ms;
  }
}

// Milliseconds between two wall times; null: one is missing, or the clock was set back in between.
export function duration_ms(from: string, to: string | number | null): number | null {
  if (to === null) return null;
  const duration = (typeof to === "number" ? to : Date.parse(to)) - Date.parse(from);
  return duration >= 0 ? duration : null;
}
