// Limits how often the page is painted. schedule() may be called for every message; the page is painted within an animation frame.

export interface PaintSteps {
  is_paused(): boolean;
  paint(): number; // shows the new readings and returns how many there were
  painted(duration_ms: number): void; // called after the browser has processed a paint with new readings
}

export class Painter {
  private last_paint_ms = 0;
  private timer: number | null = null;

  constructor(private steps: PaintSteps) {}

  // Paints at least `interval_ms` after the last paint; 0 replaces a paint that is scheduled for later.
  schedule(interval_ms: number): void {
    if (this.steps.is_paused()) return;
    if (this.timer !== null) {
      if (interval_ms > 0) return;
      window.clearTimeout(this.timer);
    }
    const wait = Math.max(0, this.last_paint_ms + interval_ms - performance.now());
    this.timer = window.setTimeout(() => requestAnimationFrame(() => this.paint()), wait);
  }

  paint(): void {
    if (this.timer !== null) window.clearTimeout(this.timer);
    this.timer = null;
    if (this.steps.is_paused()) return;
    const start_ms = performance.now();
    this.last_paint_ms = start_ms;
    if (this.steps.paint() > 0) setTimeout(() => this.steps.painted(performance.now() - start_ms), 0);
  }
}
