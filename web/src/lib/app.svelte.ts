import { websocket_address_of } from "./address";
import { api, ApiError, has_token, may_change, on_unauthorized, set_token, websocket_protocols } from "./api";
import { sort_alarms, with_event } from "./health";
import { fill, load_texts, preferred_language, type Key, type Texts } from "./i18n";
import { stamp, type Message } from "./protocol";
import { quality_of, type Quality } from "./quality";
import { remember, remembered } from "./settings";
import { parse_kiosk, parse_route, type Kiosk, type Route } from "./route";
import { Store } from "./store";
import { ServerClock, Stopwatch } from "./time";
import type { Input } from "./topology";
import type { Device, EventCode, Language, PlantEvent, Profile, Reading, Site } from "./types";
import { Link, type LinkState, type SocketLike, type Subscription } from "./ws";

// What the whole page knows, and how it learns it: the registry by REST, readings and alarms by the WebSocket.

export type Theme = "auto" | "light" | "dark";
export type BreakerColours = "neutral" | "red" | "green";

export class Cell {
  reading = $state.raw<Reading | null>(null);
}

const paint_every_ms: Record<Subscription["view"], number> = { overview: 250, full: 100 };
const registry_retry_ms = 3000;
const registry_refresh_ms = 30000; // in case a notice of a change was lost
const tick_ms = 1000;
const resync_pause_ms = 2000; // between two that a clock's step makes necessary

function one_of<T extends string>(value: string | null, allowed: readonly T[], otherwise: T): T {
  return allowed.find((one) => one === value) ?? otherwise;
}

class App {
  language = $state<Language>(preferred_language(remembered("language"), navigator.languages));
  texts = $state.raw({} as Texts); // of the language; load_language() comes before all else
  theme = $state<Theme>(one_of(remembered("theme"), ["auto", "light", "dark"], "auto"));
  breaker_colours = $state<BreakerColours>(one_of(remembered("breakers"), ["neutral", "red", "green"], "neutral"));
  hotkeys = $state(remembered("hotkeys") !== "0");
  sound = $state(remembered("sound") === "1");
  muted_until = $state(0); // by `elapsed`
  kiosk: Kiosk | null = parse_kiosk(location.search, location.hash);

  route = $state.raw<Route>(parse_route(location.hash));

  sites = $state.raw<Site[]>([]);
  devices = $state.raw<Device[]>([]);
  profiles = $state.raw<Map<string, Profile>>(new Map());
  registry_known = $state(false);
  registry_error = $state<string | null>(null);

  token_asked = $state(false);
  token_wrong = $state(false);
  changes_allowed = $state<boolean | null>(null); // null: not known yet

  link_state = $state<LinkState>("connecting");
  link_lost_at = $state<number | null>(null); // server time
  retry_at = $state<number | null>(null); // by performance.now()
  had_snapshot = $state(false);
  new_version = $state(false);
  poll_interval = $state(2);
  paused_at = $state<number | null>(null);

  alarms = $state.raw<PlantEvent[]>([]);
  alarm_log = $state<"unknown" | "there" | "missing">("unknown");
  alarm_rate = $state<number | null>(null);
  alarm_count_24h = $state<number | null>(null);
  event_codes = $state.raw<Map<string, EventCode>>(new Map());
  last_event = $state.raw<PlantEvent | null>(null);

  now = $state(Date.now()); // server time, each second; for display
  elapsed = $state(performance.now()); // of the page's stopwatch, each second; ages are measured by it
  clock_steps = $state(0); // how often the server's clock was set
  beat = $state(0); // grows with each paint of new readings

  private stopwatch = new Stopwatch();
  private clock = new ServerClock(performance.timeOrigin);
  private resynced_at = -Infinity;
  private store = new Store();
  private cells = new Map<number, Cell>();
  private ui_version: string | null = null;
  private selection: ReadonlySet<number> | null = null;
  private view: Subscription["view"] = "overview";
  private last_paint = 0;
  private paint_timer: number | null = null;
  private registry_timer: number | null = null;
  private derived_onset = new Map<string, string>();
  private arrivals = new Set<(reading: Reading) => void>();
  private link = new Link(
    {
      open: () => this.open_socket(),
      now: () => performance.now(),
      random: () => Math.random(),
      after: (milliseconds, act) => window.setTimeout(act, milliseconds),
      cancel: (timer) => window.clearTimeout(timer),
    },
    { message: (message) => this.hear(message), state: (state, retry_at) => this.link_changed(state, retry_at) },
    this.kiosk !== null,
  );

  // --- texts ---

  t = (key: Key, values?: Record<string, unknown>): string => {
    const text = this.texts[key];
    return values ? fill(text, values) : text;
  };

  async set_language(language: Language): Promise<void> {
    this.texts = await load_texts(language);
    this.language = language;
    remember("language", language);
  }
  set_theme(theme: Theme): void {
    this.theme = theme;
    remember("theme", theme);
  }
  set_breaker_colours(colours: BreakerColours): void {
    this.breaker_colours = colours;
    remember("breakers", colours);
  }
  set_hotkeys(on: boolean): void {
    this.hotkeys = on;
    remember("hotkeys", on ? "1" : "0");
  }
  set_sound(on: boolean): void {
    this.sound = on;
    remember("sound", on ? "1" : "0");
  }

  async load_language(): Promise<void> {
    this.texts = await load_texts(this.language);
  }

  // --- life ---

  start(): void {
    on_unauthorized(() => this.ask_for_token());
    window.addEventListener("hashchange", () => (this.route = parse_route(location.hash)));
    window.addEventListener("online", () => this.link.try_now());
    document.addEventListener("visibilitychange", () => {
      this.link.hidden(document.hidden);
      if (!document.hidden) this.paint();
    });
    window.setInterval(() => this.tick(), tick_ms);
    void this.load_registry().then(() => {
      if (!this.token_asked) this.link.start();
    });
  }

  private tick(): void {
    this.elapsed = this.measure();
    this.now = this.clock.now(this.elapsed);
  }

  // The stopwatch's time. What was shown before a sleep of this machine is asked for again.
  private measure(): number {
    if (this.stopwatch.read(Date.now(), performance.now())) this.resync();
    return this.stopwatch.elapsed_ms;
  }

  private resync(): void {
    if (performance.now() - this.resynced_at < resync_pause_ms) return;
    this.resynced_at = performance.now();
    this.link.resync();
  }

  retry_link = (): void => this.link.try_now();

  // --- token ---

  private ask_for_token(): void {
    if (has_token()) this.token_wrong = true;
    set_token("");
    this.changes_allowed = null;
    this.token_asked = true;
    this.link.stop();
  }

  async give_token(token: string): Promise<void> {
    set_token(token);
    this.token_wrong = false;
    try {
      await api.get("/api/sites");
    } catch (failed) {
      if (failed instanceof ApiError && failed.status === 401) return;
    }
    this.token_asked = false;
    await this.load_registry();
    this.link.stop();
    this.link.start();
  }

  forget_token(): void {
    set_token("");
    location.reload();
  }

  private async learn_rights(): Promise<void> {
    if (this.changes_allowed === null) this.changes_allowed = await may_change().catch(() => null);
  }

  // --- registry ---

  load_registry = async (): Promise<void> => {
    if (this.registry_timer !== null) window.clearTimeout(this.registry_timer);
    let wait = registry_refresh_ms;
    try {
      const [sites, devices] = await Promise.all([api.get<Site[]>("/api/sites"), api.get<Device[]>("/api/devices")]);
      if (!this.registry_known || devices.some((device) => !this.profiles.has(device.profile))) {
        const profiles = await api.get<Profile[]>("/api/profiles");
        this.profiles = new Map(profiles.map((profile) => [profile.name, profile]));
      }
      const ids = new Set(devices.map((device) => device.id));
      for (const device of this.devices) if (!ids.has(device.id)) this.store.remove(device.id);
      this.sites = sites;
      this.devices = devices;
      this.registry_known = true;
      this.registry_error = null;
      this.paint_soon(0);
      void this.learn_rights();
      if (this.event_codes.size === 0 && this.alarm_log !== "missing") await this.load_alarms();
    } catch (failed) {
      wait = registry_retry_ms;
      this.registry_error = this.said(failed);
    }
    if (!this.token_asked) this.registry_timer = window.setTimeout(() => void this.load_registry(), wait);
  };

  said(failed: unknown): string {
    if (failed instanceof ApiError) return failed.status === 0 ? this.t("server_unreachable") : failed.message;
    return failed instanceof Error ? failed.message : String(failed);
  }

  // --- alarms ---

  load_alarms = async (): Promise<void> => {
    try {
      const said = await api.get<{ alarms: PlantEvent[]; server_time: string; rate_10min: number; count_24h: number }>("/api/alarms");
      this.alarms = sort_alarms(said.alarms);
      this.alarm_rate = said.rate_10min;
      this.alarm_count_24h = said.count_24h;
      this.alarm_log = "there";
      if (this.event_codes.size === 0) {
        const { codes } = await api.get<{ codes: EventCode[] }>("/api/event-codes");
        this.event_codes = new Map(codes.map((code) => [code.code, code]));
      }
    } catch (failed) {
      if (failed instanceof ApiError && failed.status === 404) this.alarm_log = "missing";
    }
  };

  take_event(event: PlantEvent): void {
    this.alarms = with_event(this.alarms, event);
    this.last_event = event;
  }

  // When this page first saw an alarm that no log tells the time of.
  first_seen(key: string): string {
    let onset = this.derived_onset.get(key);
    if (!onset) this.derived_onset.set(key, (onset = new Date(this.now).toISOString()));
    return onset;
  }

  // --- live data ---

  cell(id: number): Cell {
    let cell = this.cells.get(id);
    if (!cell) this.cells.set(id, (cell = new Cell()));
    return cell;
  }

  quality(device: Device, reading: Reading | null): Quality {
    return quality_of(reading, this.in_use(device), this.poll_interval, this.elapsed);
  }

  // A device of a site that is out of use is not polled either.
  private in_use(device: Device): Device {
    const site = this.sites.find((one) => one.id === device.site_id);
    return device.is_active && site && !site.is_active ? { ...device, is_active: false } : device;
  }

  input(device: Device): Input {
    const { reading } = this.cell(device.id);
    return { device: this.in_use(device), reading, quality: this.quality(device, reading) };
  }

  devices_of(site_id: number): Device[] {
    return this.devices.filter((device) => device.site_id === site_id);
  }

  // Readings that another program publishes, of devices that are not registered here.
  foreign_ids(): number[] {
    void this.beat;
    const known = new Set(this.devices.map((device) => device.id));
    return this.store.ids().filter((id) => !known.has(id));
  }

  watch(devices: number[] | null, view: Subscription["view"]): void {
    const max_hz = view === "overview" ? this.affordable_hz : 10;
    this.selection = devices ? new Set(devices) : null;
    this.view = view;
    this.link.subscribe({ devices, view, max_hz });
  }

  // Each new reading, as it comes; gives the way to end it.
  on_reading(act: (reading: Reading) => void): () => void {
    this.arrivals.add(act);
    return () => this.arrivals.delete(act);
  }

  pause(): void {
    this.paused_at = this.now;
  }
  resume(): void {
    this.paused_at = null;
    this.paint();
  }

  private open_socket(): SocketLike {
    return new WebSocket(websocket_address_of("/ws/metrics?proto=2"), websocket_protocols()) as unknown as SocketLike;
  }

  private hear(message: Message): void {
    this.learn_times(message);
    switch (message.type) {
      case "snapshot":
        this.store.snapshot(message, this.selection);
        this.poll_interval = message.poll_interval ?? this.poll_interval;
        if (message.ui_version) this.learn_version(message.ui_version);
        this.had_snapshot = true;
        this.tick();
        this.paint_soon(0);
        if (this.alarm_log === "there") void this.load_alarms();
        break;
      case "batch":
        for (const reading of message.data) for (const act of this.arrivals) act(reading);
        this.paint_soon(this.store.batch(message) ? 0 : paint_every_ms[this.view]);
        break;
      case "removed":
        this.store.removed(message);
        this.paint_soon(0);
        break;
      case "event":
        this.take_event(message.event);
        break;
      case "config":
        void this.load_registry();
        break;
    }
  }

  // Where the server's clock was set it cannot be said how long the message was under way; a snapshot will tell all ages.
  private learn_times(message: Message): void {
    const elapsed = this.measure();
    const delay = message.server_time ? this.clock.learn(message.server_time, elapsed) : 0;
    stamp(message, elapsed - (delay ?? 0));
    if (delay !== null) return;
    this.clock_steps += 1;
    this.tick();
    if (message.type !== "snapshot") this.resync();
  }

  private learn_version(version: string): void {
    if (this.ui_version !== null && version !== this.ui_version) {
      this.new_version = true;
      if (this.kiosk) window.setTimeout(() => location.reload(), 5000);
    }
    this.ui_version ??= version;
  }

  private link_changed(state: LinkState, retry_at: number | null): void {
    const was_good = this.link_state === "live" || this.link_state === "resyncing";
    const is_good = state === "live" || state === "resyncing";
    if (was_good && !is_good) this.link_lost_at = this.clock.now(this.measure());
    if (is_good) {
      this.link_lost_at = null;
      if (!was_good && this.registry_known) void this.load_registry();
    }
    this.link_state = state;
    this.retry_at = retry_at;
    // A refusal of the upgrade looks like a lost connection; REST tells the difference.
    if (state === "lost" || state === "refused") void api.get("/api/sites").catch(() => undefined);
  }

  // --- painting: at most 4 or 10 times a second, within an animation frame ---

  private affordable_hz = 4;

  private paint_soon(least_distance_ms: number): void {
    if (this.paused_at !== null || this.paint_timer !== null) {
      if (least_distance_ms > 0 || this.paused_at !== null) return;
      if (this.paint_timer !== null) window.clearTimeout(this.paint_timer);
    }
    const wait = Math.max(0, this.last_paint + least_distance_ms - performance.now());
    this.paint_timer = window.setTimeout(() => requestAnimationFrame(() => this.paint()), wait);
  }

  private paint(): void {
    if (this.paint_timer !== null) window.clearTimeout(this.paint_timer);
    this.paint_timer = null;
    if (this.paused_at !== null) return;
    const began = performance.now();
    this.last_paint = began;
    let changed = 0;
    this.store.flush((id, reading) => {
      this.cell(id).reading = reading;
      changed += 1;
    });
    if (changed === 0) return;
    this.beat += 1;
    setTimeout(() => this.judge(performance.now() - began), 0);
  }

  // A weak machine that takes long to paint asks the server for less.
  private slow_paints = 0;
  private judge(took_ms: number): void {
    if (document.hidden || this.view !== "overview") return;
    this.slow_paints = took_ms > 100 ? this.slow_paints + 1 : Math.max(0, this.slow_paints - 0.1);
    if (this.slow_paints < 5 || this.affordable_hz <= 0.5) return;
    this.slow_paints = 0;
    this.affordable_hz /= 2;
    this.watch(this.selection ? [...this.selection] : null, this.view);
  }
}

export const app = new App();
export const t = app.t;
