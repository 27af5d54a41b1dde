// Starts gensetd and its simulator on free ports, and ends them.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, openSync, closeSync } from "node:fs";
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gensetd } from "./paths.js";

const wait_limit_ms = 30000; // a wait that takes longer fails the test

// Calls `condition` until it returns a true value, and returns that value.
export async function wait_until(condition, what) {
  const deadline = Date.now() + wait_limit_ms;
  let last_error = "";
  while (Date.now() < deadline) {
    try {
      const result = await condition();
      if (result) return result;
      last_error = "";
    } catch (failed) {
      last_error = `: ${failed.message}`;
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  throw new Error(`${what} did not happen within ${wait_limit_ms / 1000} s${last_error}`);
}

async function listen_on(port) {
  const server = createServer();
  return new Promise((resolve) => server.once("error", () => resolve(null)).listen(port, "127.0.0.1", () => resolve(server)));
}

// The first of `count` consecutive free ports below 32768. Above that the kernel chooses ports for clients, and a client that
// retries until its server listens could connect to itself.
export async function free_port(count = 1) {
  for (;;) {
    const port = randomInt(10000, 32768 - count);
    const servers = [];
    while (servers.length < count) {
      const next = await listen_on(port + servers.length);
      if (!next) break;
      servers.push(next);
    }
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    if (servers.length === count) return port;
  }
}

class Program {
  constructor(log, ...command) {
    this.log = log;
    this.command = command;
  }
  launch(environment = {}) {
    const out = openSync(this.log, "a");
    const { PATH, HOME, LANG, ASAN_OPTIONS, TSAN_OPTIONS } = process.env;
    const inherited = Object.fromEntries(Object.entries({ PATH, HOME, LANG, ASAN_OPTIONS, TSAN_OPTIONS }).filter(([, value]) => value !== undefined));
    this.process = spawn(this.command[0], this.command.slice(1), { stdio: ["ignore", out, out], env: { ...inherited, ...environment } });
    this.ended = new Promise((resolve) => this.process.once("exit", resolve));
    closeSync(out);
  }
  get is_running() {
    return this.process !== undefined && this.process.exitCode === null && this.process.signalCode === null;
  }
  text() {
    return readFileSync(this.log, "utf8");
  }
  signal(name) {
    this.process.kill(name);
  }
  async end(name = "SIGTERM") {
    if (this.is_running) this.process.kill(name);
    await this.ended;
  }
}

class Daemon extends Program {
  constructor(folder, port, settings) {
    super(join(folder, "gensetd.log"), gensetd, "serve");
    this.port = port;
    this.url = `${settings.TLS_CERT ? "https" : "http"}://127.0.0.1:${port}`;
    this.settings = { HTTP_LISTEN: `127.0.0.1:${port}`, ALLOW_LOOPBACK_DEVICES: "1", DATABASE_URL: `sqlite:///${folder}/registry.sqlite`, ...settings };
  }
  async start() {
    this.launch(this.settings);
    await wait_until(async () => {
      if (!this.is_running) throw new Error(this.text());
      return (await fetch(`${this.url}/health`)).ok;
    }, "the start of gensetd");
    return this;
  }
  async request(method, path, body) {
    const headers = { "Content-Type": "application/json" };
    if (this.settings.API_TOKEN) headers.Authorization = `Bearer ${this.settings.API_TOKEN}`;
    const response = await fetch(this.url + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }
  async add_site(code, more = {}) {
    return (await this.request("POST", "/api/sites", { name: code, code, ...more })).id;
  }
  async add_device(site_id, name, controller, more = {}) {
    const device_type = controller.profile === "hgm9560" ? "ats" : "generator";
    const body = { site_id, name, device_type, ip_address: "127.0.0.1", port: controller.port, protocol: "tcp", poll_interval: 0.5, retry_delay: 0.5, ...more };
    return (await this.request("POST", "/api/devices", body)).id;
  }
  async reading(id) {
    return (await this.request("GET", `/api/metrics?device_id=${id}`))[0] ?? null;
  }
  until(id, condition, what) {
    return wait_until(async () => {
      const reading = await this.reading(id);
      return reading && condition(reading) ? reading : null;
    }, what);
  }
  online(...ids) {
    return Promise.all(ids.map((id) => this.until(id, (reading) => reading.online, `device ${id} online`)));
  }
}

// The programs that a test file starts; end() ends them in reverse order.
export class Programs {
  #folder = mkdtempSync(join(tmpdir(), "gensetd-e2e-"));
  #started = [];

  async daemon(settings = {}) {
    const daemon = new Daemon(mkdtempSync(join(this.#folder, "daemon-")), await free_port(), settings);
    this.#started.push(() => daemon.end("SIGKILL"));
    return daemon.start();
  }
  async controllers(...list) {
    for (const controller of list) {
      await controller.start();
      this.#started.push(() => controller.stop().catch(() => undefined));
    }
    return list;
  }
  // The controllers of the demonstration plant are at the ports +0, +1, +2 and +10, +11, +12.
  async simulator(...options) {
    const port = await free_port(13);
    const simulator = new Program(join(this.#folder, `simulator-${port}.log`), gensetd, "simulate", "--port", String(port), ...options);
    simulator.port = port;
    simulator.launch();
    this.#started.push(() => simulator.end("SIGKILL"));
    await wait_until(() => simulator.text().includes("Ctrl-C ends it"), "the start of the simulator");
    return simulator;
  }
  async end() {
    for (const end of this.#started.reverse()) await end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
