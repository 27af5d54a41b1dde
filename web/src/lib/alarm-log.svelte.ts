import { api, ApiError } from "./api";
import { sort_alarms, with_event } from "./health";
import type { EventCode, PlantEvent } from "./types";

// The server's open alarms and the texts of its event codes. load() reads all of them, add() applies an event of the WebSocket.

interface AlarmsResponse {
  alarms: PlantEvent[];
  server_time: string;
  rate_10min: number;
  count_24h: number;
}

class AlarmLog {
  state = $state<"unknown" | "available" | "missing">("unknown"); // missing: this server has no alarm log
  open = $state.raw<PlantEvent[]>([]);
  rate_10min = $state<number | null>(null);
  count_24h = $state<number | null>(null);
  codes = $state.raw<Map<string, EventCode>>(new Map());
  last_event = $state.raw<PlantEvent | null>(null);

  private first_seen_times = new Map<string, string>();

  load = async (): Promise<void> => {
    try {
      const response = await api.get<AlarmsResponse>("/api/alarms");
      this.open = sort_alarms(response.alarms);
      this.rate_10min = response.rate_10min;
      this.count_24h = response.count_24h;
      this.state = "available";
      if (this.codes.size === 0) {
        const { codes } = await api.get<{ codes: EventCode[] }>("/api/event-codes");
        this.codes = new Map(codes.map((code) => [code.code, code]));
      }
    } catch (failed) {
      if (failed instanceof ApiError && failed.status === 404) this.state = "missing";
    }
  };

  add(event: PlantEvent): void {
    this.open = with_event(this.open, event);
    this.last_event = event;
  }

  // The onset of an alarm when there is no log: the time at which this page first saw the alarm.
  first_seen(key: string, now_ms: number): string {
    let time = this.first_seen_times.get(key);
    if (!time) this.first_seen_times.set(key, (time = new Date(now_ms).toISOString()));
    return time;
  }
}

export const alarm_log = new AlarmLog();
