import { parse_message, Sequence, type Message, type Snapshot } from "./protocol";

// The connection to the server: opens it again when it is lost, notices when it is silently dead, and asks for
// everything anew when messages are missing. Clock, chance, timers and sockets are the caller's.

export interface SocketLike {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

export interface World {
  open(): SocketLike;
  now(): number;
  random(): number;
  after(milliseconds: number, act: () => void): number;
  cancel(timer: number): void;
}

export interface Subscription {
  devices: number[] | null;
  view: "overview" | "full";
  max_hz: number;
}

//  connecting  not yet        live       messages come     resyncing  live, but something was missed
//  lost        trying again   refused    ask for a token    asleep     closed, for nobody looks
export type LinkState = "connecting" | "live" | "resyncing" | "lost" | "refused" | "asleep";

export interface Listener {
  message(message: Message): void;
  state(state: LinkState, retry_at: number | null): void;
}

const backoff_least_ms = 200;
const backoff_step_ms = 500;
const backoff_most_ms = 30000;
const crowded_least_ms = 5000; // the server said that it has no room
const proven_after_ms = 10000; // a connection that lived so long is good; the next loss starts from the beginning
const check_every_ms = 1000;
const ping_after_ms = 10000;
const dead_after_ms = 15000;
const asleep_after_ms = 300000;

export class Link {
  private socket: SocketLike | null = null;
  private sequence = new Sequence();
  private attempts = 0;
  private retry: number | null = null;
  private checks: number | null = null;
  private heard_at = 0;
  private proven_from: number | null = null;
  private pinged = false;
  private hidden_since: number | null = null;
  private subscription: Subscription | null = null;
  state: LinkState = "connecting";

  // stays_awake: a wall display is never looked at less.
  constructor(private world: World, private listener: Listener, private stays_awake = false) {}

  start(): void {
    this.connect();
    this.check_later();
  }

  stop(): void {
    this.drop();
    for (const timer of [this.retry, this.checks]) if (timer !== null) this.world.cancel(timer);
    this.retry = this.checks = null;
  }

  subscribe(subscription: Subscription): void {
    this.subscription = subscription;
    if (this.state === "live" || this.state === "resyncing") this.send({ type: "sub", ...subscription });
  }

  // What is shown may be older than it looks: everything is asked for again.
  resync(): void {
    if (this.state !== "live") return;
    this.become("resyncing");
    this.send({ type: "resync" });
  }

  // The network is back, somebody looks again, or a token was given: do not wait for the next attempt.
  try_now(): void {
    if (this.socket) return;
    if (this.retry !== null) this.world.cancel(this.retry);
    this.retry = null;
    this.connect();
  }

  hidden(is_hidden: boolean): void {
    this.hidden_since = is_hidden ? this.world.now() : null;
    if (is_hidden) return;
    if (this.state === "asleep" || this.state === "lost") this.try_now();
    else this.check();
  }

  private connect(): void {
    this.retry = null;
    this.heard_at = this.world.now();
    this.pinged = false;
    this.proven_from = null;
    this.sequence = new Sequence();
    if (this.state !== "lost") this.become("connecting");
    const socket = this.world.open();
    this.socket = socket;
    socket.onopen = () => {
      this.heard_at = this.world.now();
      if (this.subscription) this.send({ type: "sub", ...this.subscription });
    };
    socket.onmessage = ({ data }) => this.hear(String(data));
    socket.onclose = ({ code }) => {
      if (this.socket === socket) this.lost(code);
    };
  }

  private hear(text: string): void {
    this.heard_at = this.world.now();
    this.pinged = false;
    const message = parse_message(text);
    if (!message) return;
    if (message.type === "snapshot") this.begin(message);
    if (!this.sequence.accept(message)) this.resync();
    this.listener.message(message);
  }

  private begin(_: Snapshot): void {
    this.proven_from ??= this.world.now();
    this.become("live");
  }

  private lost(code: number): void {
    this.drop();
    if (code === 1008 || code === 4401) return this.become("refused");
    this.attempts += 1;
    const most = Math.min(backoff_most_ms, backoff_step_ms * 2 ** this.attempts);
    let wait = backoff_least_ms + this.world.random() * most;
    if (code === 1013) wait = Math.max(wait, crowded_least_ms);
    if (code === 1007 || code === 1009) wait = backoff_most_ms;
    this.retry = this.world.after(wait, () => this.connect());
    this.become("lost", this.world.now() + wait);
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private check_later(): void {
    this.checks = this.world.after(check_every_ms, () => {
      this.check();
      this.check_later();
    });
  }

  // By the clock and not by counting calls: a hidden page's timers come seldom.
  private check(): void {
    const now = this.world.now();
    if (this.hidden_since !== null && !this.stays_awake && now - this.hidden_since > asleep_after_ms && this.state !== "asleep") {
      if (this.retry !== null) this.world.cancel(this.retry);
      this.retry = null;
      this.drop();
      return this.become("asleep");
    }
    if (!this.socket) return;
    if (this.proven_from !== null && now - this.proven_from > proven_after_ms) this.attempts = 0;
    const silent_ms = now - this.heard_at;
    if (silent_ms > dead_after_ms) return this.lost(1006);
    if (silent_ms > ping_after_ms && !this.pinged && this.state !== "connecting" && this.state !== "lost") {
      this.pinged = true;
      this.socket.send("ping");
    }
  }

  private send(message: object): void {
    this.socket?.send(JSON.stringify(message));
  }

  private become(state: LinkState, retry_at: number | null = null): void {
    if (this.state === state && retry_at === null) return;
    this.state = state;
    this.listener.state(state, retry_at);
  }
}
