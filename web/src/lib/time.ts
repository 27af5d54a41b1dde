// Times as the server tells them, and ages that no setting of a clock changes. The clock of the machine that shows the page
// may be wrong, the server's may be set while the page is open, and the machine may sleep.

const offsets_max = 20;
const jump_ms = 5000; // beyond it a clock was set, and what was learned before is void

// Milliseconds since the page was loaded that only grow: performance.now() and the time that the machine slept, during which
// performance.now() may stand still. The wall clock tells of a sleep; one that is set ahead looks the same, and makes what is
// shown look older until the server is asked again. One that is set back changes nothing.
export class Stopwatch {
  private difference: number | null = null; // of the wall clock and performance.now()
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

  // offset_ms: the server's clock less the stopwatch.
  constructor(private offset_ms = 0) {}

  get known(): boolean {
    return this.offsets.length > 0;
  }

  // Every message was under way for a while, which makes the offset look smaller; the largest is the truest. Gives how much
  // longer this one was under way than the fastest; null: the server's clock was set, so that nothing can be said of it.
  learn(server_time: string, elapsed_ms: number): number | null {
    const told = Date.parse(server_time);
    if (Number.isNaN(told)) return 0;
    const offset = told - elapsed_ms;
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

// Milliseconds from one wall time to another; null: one is missing, or the clock was set back in between.
export function duration_ms(from: string, to: string | number | null): number | null {
  if (to === null) return null;
  const duration = (typeof to === "number" ? to : Date.parse(to)) - Date.parse(from);
  return duration >= 0 ? duration : null;
}
