import { parse_message, Sequence, type Message } from "./protocol";

// The WebSocket connection to the server. It reconnects after a loss, detects a silent server, and requests a new snapshot when
// messages are missing. Clock, random numbers, timers and sockets are injected.

export interface SocketLike {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

export interface LinkEnvironment {
  open(): SocketLike;
  now(): number;
  random(): number;
  after(milliseconds: number, callback: () => void): number;
  cancel(timer: number): void;
}

export interface Subscription {
  devices: number[] | null;
  view: "overview" | "full";
  max_hz: number;
}

//  connecting  no snapshot yet             live       messages arrive        resyncing  waiting for a new snapshot
//  lost        waits for the next attempt  refused    a token is required    suspended  closed, since the page is hidden
export type LinkState = "connecting" | "live" | "resyncing" | "lost" | "refused" | "suspended";

export interface Listener {
  message(message: Message): void;
  state(state: LinkState, retry_at: number | null): void;
}

const backoff_min_ms = 200;
const backoff_step_ms = 500;
const backoff_max_ms = 30000;
const overloaded_wait_ms = 5000; // at least this long after 1013: the server has too many clients
const stable_after_ms = 10000; // after this time the backoff starts again with short waits
const check_every_ms = 1000;
const ping_after_ms = 10000;
const silence_limit_ms = 15000;
const suspend_after_ms = 300000;

export class Link {
  private socket: SocketLike | null = null;
  private sequence = new Sequence();
  private attempts = 0;
  private retry: number | null = null;
  private checks: number | null = null;
  private received_at = 0;
  private live_since: number | null = null;
  private pinged = false;
  private hidden_since: number | null = null;
  private subscription: Subscription | null = null;
  state: LinkState = "connecting";

  // never_suspend: for a wall display.
  constructor(private environment: LinkEnvironment, private listener: Listener, private never_suspend = false) {}

  start(): void {
    this.connect();
    this.schedule_check();
  }

  stop(): void {
    this.drop();
    for (const timer of [this.retry, this.checks]) if (timer !== null) this.environment.cancel(timer);
    this.retry = this.checks = null;
  }

  subscribe(subscription: Subscription): void {
    this.subscription = subscription;
    if (this.state === "live" || this.state === "resyncing") this.send({ type: "sub", ...subscription });
  }

  // Requests a new snapshot.
  resync(): void {
    if (this.state !== "live") return;
    this.set_state("resyncing");
    this.send({ type: "resync" });
  }

  // Connects now instead of waiting for the next attempt.
  try_now(): void {
    if (this.socket) return;
    if (this.retry !== null) this.environment.cancel(this.retry);
    this.retry = null;
    this.connect();
  }

  hidden(is_hidden: boolean): void {
    this.hidden_since = is_hidden ? this.environment.now() : null;
    if (is_hidden) return;
    if (this.state === "suspended" || this.state === "lost") this.try_now();
    else this.check();
  }

  private connect(): void {
    this.retry = null;
    this.received_at = this.environment.now();
    this.pinged = false;
    this.live_since = null;
    this.sequence = new Sequence();
    if (this.state !== "lost") this.set_state("connecting");
    const socket = this.environment.open();
    this.socket = socket;
    socket.onopen = () => {
      this.received_at = this.environment.now();
      if (this.subscription) this.send({ type: "sub", ...this.subscription });
    };
    socket.onmessage = ({ data }) => this.receive(String(data));
    socket.onclose = ({ code }) => {
      if (this.socket === socket) this.lost(code);
    };
  }

  private receive(text: string): void {
    this.received_at = this.environment.now();
    this.pinged = false;
    const message = parse_message(text);
    if (!message) return;
    if (message.type === "snapshot") this.snapshot_received();
    if (!this.sequence.accept(message)) this.resync();
    this.listener.message(message);
  }

  private snapshot_received(): void {
    this.live_since ??= this.environment.now();
    this.set_state("live");
  }

  private lost(code: number): void {
    this.drop();
    if (code === 1008 || code === 4401) return this.set_state("refused");
    this.attempts += 1;
    const backoff_ms = Math.min(backoff_max_ms, backoff_step_ms * 2 ** this.attempts);
    let wait = backoff_min_ms + this.environment.random() * backoff_ms;
    if (code === 1013) wait = Math.max(wait, overloaded_wait_ms);
    if (code === 1007 || code === 1009) wait = backoff_max_ms;
    this.retry = this.environment.after(wait, () => this.connect());
    this.set_state("lost", this.environment.now() + wait);
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private schedule_check(): void {
    this.checks = this.environment.after(check_every_ms, () => {
      this.check();
      this.schedule_check();
    });
  }

  // Compares times and does not count calls, since browsers slow down the timers of a hidden page.
  private check(): void {
    const now = this.environment.now();
    if (this.hidden_since !== null && !this.never_suspend && now - this.hidden_since > suspend_after_ms && this.state !== "suspended") {
      if (this.retry !== null) this.environment.cancel(this.retry);
      this.retry = null;
      this.drop();
      return this.set_state("suspended");
    }
    if (!this.socket) return;
    if (this.live_since !== null && now - this.live_since > stable_after_ms) this.attempts = 0;
    const silent_ms = now - this.received_at;
    if (silent_ms > silence_limit_ms) return this.lost(1006);
    if (silent_ms > ping_after_ms && !this.pinged && this.state !== "connecting" && this.state !== "lost") {
      this.pinged = true;
      this.socket.send("ping");
    }
  }

  private send(message: object): void {
    this.socket?.send(JSON.stringify(message));
  }

  private set_state(state: LinkState, retry_at: number | null = null): void {
    if (this.state === state && retry_at === null) return;
    this.state = state;
    this.listener.state(state, retry_at);
  }
}
