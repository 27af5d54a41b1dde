import { api } from "./api";
import type { AlarmPoint } from "./types";

// The alarm points of register maps, each map read when one of its alarms is shown.
class AlarmPoints {
  private maps = $state.raw<Map<string, AlarmPoint[]>>(new Map());
  private wanted = new Set<string>();

  of(profile: string): AlarmPoint[] | undefined {
    if (!this.wanted.has(profile)) void this.load(profile);
    return this.maps.get(profile);
  }

  // Reads all known maps again.
  refresh(): void {
    for (const profile of this.wanted) void this.load(profile);
  }

  private async load(profile: string): Promise<void> {
    this.wanted.add(profile);
    try {
      const { alarm_points } = await api.get<{ alarm_points?: AlarmPoint[] }>(`/api/profiles/${encodeURIComponent(profile)}`);
      this.maps = new Map(this.maps).set(profile, alarm_points ?? []);
    } catch {
      this.wanted.delete(profile); // the next alarm tries again
    }
  }
}

export const alarm_points = new AlarmPoints();
