import { websocket_address_of } from "./address";
import { alarm_log } from "./alarm-log.svelte";
import { alarm_points } from "./alarm-points.svelte";
import { api, ApiError, has_token, is_administrator, on_unauthorized, set_token, websocket_protocols } from "./api";
import { alarm_fields } from "./health";
import { Painter } from "./painter";
import { preferences } from "./preferences.svelte";
import { stamp, type Message } from "./protocol";
import { quality_of, type Quality } from "./quality";
import { parse_kiosk, parse_route, type Kiosk, type Route } from "./route";
import { Store } from "./store";
import { ServerClock, Stopwatch } from "./time";
import type { Input } from "./topology";
import type { Device, Profile, Reading, Site } from "./types";
import { Link, type LinkState, type SocketLike, type Subscription } from "./ws";

// State of the whole page. The registry comes by REST, readings and events come by the WebSocket.

export class Cell {
  reading = $state.raw<Reading | null>(null);
}

const paint_interval_ms: Record<Subscription["view"], number> = { overview: 250, full: 100 };
const registry_retry_ms = 3000;
const registry_refresh_ms = 30000; // in case a notice of a change was lost
const tick_ms = 1000;
const resync_interval_ms = 2000; // shortest time between two resyncs that clock steps cause
const slow_paint_ms = 100;
const slow_paints_max = 5; // then the page requests fewer readings
const min_hz = 0.5;

class App {
  kiosk: Kiosk | null = parse_kiosk(location.search, location.hash);

  route = $state.raw<Route>(parse_route(location.hash));

  sites = $state.raw<Site[]>([]);
  devices = $state.raw<Device[]>([]);
  profiles = $state.raw<Map<string, Profile>>(new Map());
  registry_known = $state(false);
  registry_error = $state<string | null>(null);

  token_required = $state(false);
  token_wrong = $state(false);
  can_change = $state<boolean | null>(null); // null: not known yet

  link_state = $state<LinkState>("connecting");
  link_lost_at = $state<number | null>(null); // server time
  retry_at = $state<number | null>(null); // by performance.now()
  had_snapshot = $state(false);
  new_version = $state(false);
  poll_interval = $state(2);
  paused_at = $state<number | null>(null);

  now = $state(Date.now()); // server time for display, updated each second
  elapsed = $state(performance.now()); // the page's stopwatch, updated each second; ages are measured by it
  clock_steps = $state(0); // how often the server's clock was set
  paint_count = $state(0); // number of paints with new readings

  private stopwatch = new Stopwatch();
  private clock = new ServerClock(performance.timeOrigin);
  private last_resync_ms = -Infinity;
  private alarm_bits = new Map<number, string[]>(); // by device
  private store = new Store((id) => this.alarm_bits.get(id) ?? []);
  private cells = new Map<number, Cell>();
  private ui_version: string | null = null;
  private selection: ReadonlySet<number> | null = null;
  private view: Subscription["view"] = "overview";
  private registry_timer: number | null = null;
  private overview_max_hz = 4;
  private slow_paints = 0;
  private reading_listeners = new Set<(reading: Reading) => void>();
  private painter = new Painter({
    is_paused: () => this.paused_at !== null,
    paint: () => this.show_readings(),
    painted: (duration_ms) => this.adapt_rate(duration_ms),
  });
  private link = new Link(
    {
      open: () => this.open_socket(),
      now: () => performance.now(),
      random: () => Math.random(),
      after: (milliseconds, callback) => window.setTimeout(callback, milliseconds),
      cancel: (timer) => window.clearTimeout(timer),
    },
    { message: (message) => this.receive(message), state: (state, retry_at) => this.link_changed(state, retry_at) },
    this.kiosk !== null,
  );

  // --- start and ticks ---

  start(): void {
    on_unauthorized(() => this.require_token());
    window.addEventListener("hashchange", () => (this.route = parse_route(location.hash)));
    window.addEventListener("online", () => this.link.try_now());
    document.addEventListener("visibilitychange", () => {
      this.link.hidden(document.hidden);
      if (!document.hidden) this.painter.paint();
    });
    window.setInterval(() => this.tick(), tick_ms);
    void this.load_registry().then(() => {
      if (!this.token_required) this.link.start();
    });
  }

  private tick(): void {
    this.elapsed = this.read_stopwatch();
    this.now = this.clock.now(this.elapsed);
  }

  // After this machine has slept, the shown values are old: the page requests a new snapshot.
  private read_stopwatch(): number {
    if (this.stopwatch.read(Date.now(), performance.now())) this.resync();
    return this.stopwatch.elapsed_ms;
  }

  private resync(): void {
    if (performance.now() - this.last_resync_ms < resync_interval_ms) return;
    this.last_resync_ms = performance.now();
    this.link.resync();
  }

  retry_link = (): void => this.link.try_now();

  // --- token ---

  private require_token(): void {
    if (has_token()) this.token_wrong = true;
    set_token("");
    this.can_change = null;
    this.token_required = true;
    this.link.stop();
  }

  async sign_in(token: string): Promise<void> {
    set_token(token);
    this.token_wrong = false;
    try {
      await api.get("/api/sites");
    } catch (failed) {
      if (failed instanceof ApiError && failed.status === 401) return;
    }
    this.token_required = false;
    await this.load_registry();
    this.link.stop();
    this.link.start();
  }

  sign_out(): void {
    set_token("");
    location.reload();
  }

  private async load_role(): Promise<void> {
    if (this.can_change === null) this.can_change = await is_administrator().catch(() => null);
  }

  // --- registry ---

  load_registry = async (): Promise<void> => {
    if (this.registry_timer !== null) window.clearTimeout(this.registry_timer);
    let wait = registry_refresh_ms;
    try {
      const [sites, devices] = await Promise.all([api.get<Site[]>("/api/sites"), api.get<Device[]>("/api/devices")]);
      if (!this.registry_known || devices.some((device) => !this.profiles.has(device.profile))) await this.read_profiles();
      const ids = new Set(devices.map((device) => device.id));
      for (const device of this.devices) if (!ids.has(device.id)) this.store.remove(device.id);
      this.sites = sites;
      this.devices = devices;
      this.alarm_bits = new Map(devices.map((device) => [device.id, alarm_fields(this.profiles.get(device.profile))]));
      this.registry_known = true;
      this.registry_error = null;
      this.painter.schedule(0);
      void this.load_role();
      if (alarm_log.codes.size === 0 && alarm_log.state !== "missing") await alarm_log.load();
    } catch (failed) {
      wait = registry_retry_ms;
      this.registry_error = this.error_text(failed);
    }
    if (!this.token_required) this.registry_timer = window.setTimeout(() => void this.load_registry(), wait);
  };

  private async read_profiles(): Promise<void> {
    const profiles = await api.get<Profile[]>("/api/profiles");
    this.profiles = new Map(profiles.map((profile) => [profile.name, profile]));
  }

  // After a register map was changed: the maps, and what depends on them.
  async load_profiles(): Promise<void> {
    await this.read_profiles();
    alarm_points.refresh();
    await this.load_registry();
  }

  // What to show for a failed request.
  error_text(failed: unknown): string {
    if (failed instanceof ApiError) return failed.status === 0 ? preferences.t("server_unreachable") : failed.message;
    return failed instanceof Error ? failed.message : String(failed);
  }

  // --- live data ---

  cell(id: number): Cell {
    let cell = this.cells.get(id);
    if (!cell) this.cells.set(id, (cell = new Cell()));
    return cell;
  }

  quality(device: Device, reading: Reading | null): Quality {
    return quality_of(reading, this.effective_device(device), this.poll_interval, this.elapsed);
  }

  // The device with is_active as it applies: devices of an inactive site are not polled.
  private effective_device(device: Device): Device {
    const site = this.sites.find((one) => one.id === device.site_id);
    return device.is_active && site && !site.is_active ? { ...device, is_active: false } : device;
  }

  input(device: Device): Input {
    const { reading } = this.cell(device.id);
    return { device: this.effective_device(device), profile: this.profiles.get(device.profile), reading, quality: this.quality(device, reading) };
  }

  devices_of(site_id: number): Device[] {
    return this.devices.filter((device) => device.site_id === site_id);
  }

  // Ids of devices that are not registered here: another program publishes their readings.
  foreign_ids(): number[] {
    void this.paint_count;
    const known = new Set(this.devices.map((device) => device.id));
    return this.store.ids().filter((id) => !known.has(id));
  }

  // Selects the readings that the server sends; null: all devices.
  subscribe(devices: number[] | null, view: Subscription["view"]): void {
    const max_hz = view === "overview" ? this.overview_max_hz : 10;
    this.selection = devices ? new Set(devices) : null;
    this.view = view;
    this.link.subscribe({ devices, view, max_hz });
  }

  // Calls `callback` with each new reading; the returned function ends that.
  on_reading(callback: (reading: Reading) => void): () => void {
    this.reading_listeners.add(callback);
    return () => this.reading_listeners.delete(callback);
  }

  pause(): void {
    this.paused_at = this.now;
  }
  resume(): void {
    this.paused_at = null;
    this.painter.paint();
  }

  private open_socket(): SocketLike {
    return new WebSocket(websocket_address_of("/ws/metrics?proto=2"), websocket_protocols()) as unknown as SocketLike;
  }

  private receive(message: Message): void {
    this.update_clock(message);
    switch (message.type) {
      case "snapshot":
        this.store.snapshot(message, this.selection);
        this.poll_interval = message.poll_interval ?? this.poll_interval;
        if (message.ui_version) this.check_version(message.ui_version);
        this.had_snapshot = true;
        this.tick();
        this.painter.schedule(0);
        if (alarm_log.state === "available") void alarm_log.load();
        break;
      case "batch":
        for (const reading of message.data) for (const callback of this.reading_listeners) callback(reading);
        this.painter.schedule(this.store.batch(message) ? 0 : paint_interval_ms[this.view]);
        break;
      case "removed":
        this.store.removed(message);
        this.painter.schedule(0);
        break;
      case "event":
        alarm_log.add(message.event);
        break;
      case "config":
        void this.load_profiles().catch(() => this.load_registry());
        break;
    }
  }

  // When the server's clock was set, the transit time of this message is unknown. A new snapshot then gives all ages.
  private update_clock(message: Message): void {
    const elapsed = this.read_stopwatch();
    const delay = message.server_time ? this.clock.add_sample(message.server_time, elapsed) : 0;
    stamp(message, elapsed - (delay ?? 0));
    if (delay !== null) return;
    this.clock_steps += 1;
    this.tick();
    if (message.type !== "snapshot") this.resync();
  }

  private check_version(version: string): void {
    if (this.ui_version !== null && version !== this.ui_version) {
      this.new_version = true;
      if (this.kiosk) window.setTimeout(() => location.reload(), 5000);
    }
    this.ui_version ??= version;
  }

  private link_changed(state: LinkState, retry_at: number | null): void {
    const was_good = this.link_state === "live" || this.link_state === "resyncing";
    const is_good = state === "live" || state === "resyncing";
    if (was_good && !is_good) this.link_lost_at = this.clock.now(this.read_stopwatch());
    if (is_good) {
      this.link_lost_at = null;
      if (!was_good && this.registry_known) void this.load_registry();
    }
    this.link_state = state;
    this.retry_at = retry_at;
    // A refused upgrade looks like a lost connection. A REST request shows whether the token was refused.
    if (state === "lost" || state === "refused") void api.get("/api/sites").catch(() => undefined);
  }

  // --- painting ---

  // Moves the newest readings from the store into the cells; returns how many there were.
  private show_readings(): number {
    let changed = 0;
    this.store.flush((id, reading) => {
      this.cell(id).reading = reading;
      changed += 1;
    });
    if (changed > 0) this.paint_count += 1;
    return changed;
  }

  // Halves the rate of the overview when painting is slow on this machine.
  private adapt_rate(paint_ms: number): void {
    if (document.hidden || this.view !== "overview") return;
    this.slow_paints = paint_ms > slow_paint_ms ? this.slow_paints + 1 : Math.max(0, this.slow_paints - 0.1);
    if (this.slow_paints < slow_paints_max || this.overview_max_hz <= min_hz) return;
    this.slow_paints = 0;
    this.overview_max_hz /= 2;
    this.subscribe(this.selection ? [...this.selection] : null, this.view);
  }
}

export const app = new App();
