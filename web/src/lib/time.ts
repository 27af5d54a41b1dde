// Times as the server tells them: the clock of the machine that shows the page may be wrong.

const offsets_max = 20;
const jump_ms = 5000; // beyond it one of the clocks was set, and what was learned before is void

export class ServerClock {
  private offsets: number[] = [];
  offset_ms = 0; // the server's clock less this one

  get known(): boolean {
    return this.offsets.length > 0;
  }

  // Every message was under way for a while, which makes the offset look smaller; the largest is the truest.
  learn(server_time: string, client_now_ms: number): void {
    const told = Date.parse(server_time);
    if (Number.isNaN(told)) return;
    const offset = told - client_now_ms;
    if (this.known && Math.abs(offset - this.offset_ms) > jump_ms) this.offsets = [];
    this.offsets.push(offset);
    if (this.offsets.length > offsets_max) this.offsets.shift();
    this.offset_ms = Math.max(...this.offsets);
  }

  now(client_now_ms: number): number {
    return client_now_ms + this.offset_ms;
  }
}

// Milliseconds since `time`, never negative; null: there is no time.
export function age_ms(time: string | null | undefined, server_now_ms: number): number | null {
  if (!time) return null;
  const at = Date.parse(time);
  return Number.isNaN(at) ? null : Math.max(0, server_now_ms - at);
}
