// A simulated controller: a Modbus TCP server of holding registers. Tests set the values by the field names of a register map.
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { source } from "./paths.js";

const no_data = { u16: [32766], i16: [32766], u32: [32766, 32766], i32: [32766, 32766] };

// The fields of a register map (profiles/*.toml), which has one field on each line.
function fields_of(profile) {
  const text = readFileSync(join(source, "profiles", `${profile}.toml`), "utf8");
  const fields = new Map();
  for (const [, name, address, type, rest] of text.matchAll(/\{ name = "(\w+)",\s+address =\s*(\d+), type = "(\w+)"(.*)/g)) {
    const number = (key) => Number(new RegExp(`${key} = (\\d+)`).exec(rest)?.[1] ?? 0);
    fields.set(name, { address: Number(address), type, bit: number("bit"), decimals: number("decimals") });
  }
  return fields;
}

export class Controller {
  #registers = new Map();
  #sockets = new Set();
  #server = null;
  #fields;
  silent = false; // true: accepts requests and does not respond
  port = 0;

  constructor(profile) {
    this.profile = profile;
    this.#fields = fields_of(profile);
  }

  // {gen_uab: 398.5, mode_auto: true, current_earth: null}; null: the sensor is not connected
  set(values) {
    for (const [name, value] of Object.entries(values)) this.#put(name, value);
    return this;
  }

  // {2: 0x2000}: registers by address, such as those of alarm words, which are no fields
  set_registers(values) {
    for (const [address, raw] of Object.entries(values)) this.#registers.set(Number(address), raw);
    return this;
  }

  async start() {
    this.#server = createServer((socket) => this.#serve(socket));
    await new Promise((resolve, reject) => this.#server.once("error", reject).listen(this.port, "127.0.0.1", resolve));
    this.port = this.#server.address().port;
    return this;
  }

  // Simulates a power loss of the controller; start() restores it on the same port.
  async stop() {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #put(name, value) {
    const field = this.#fields.get(name);
    if (!field) throw new Error(`${this.profile} has no field ${name}`);
    const { address, type, bit, decimals } = field;
    if (type === "bit") {
      const others = (this.#registers.get(address) ?? 0) & ~(1 << bit);
      this.#registers.set(address, others | (value ? 1 << bit : 0));
      return;
    }
    const count = value === null ? 0 : Math.round(value * 10 ** decimals);
    const words = value === null ? no_data[type] : type.endsWith("32") ? [count & 0xffff, (count >> 16) & 0xffff] : [count & 0xffff];
    words.forEach((word, index) => this.#registers.set(address + index, word));
  }

  #serve(socket) {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket)).on("error", () => undefined);
    let received = Buffer.alloc(0);
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      for (; received.length >= 12; received = received.subarray(12)) if (!this.silent) socket.write(this.#response(received));
    });
  }

  // The response to function 03: transaction id, protocol id, length, unit id, function, byte count, registers.
  #response(request) {
    const first = request.readUInt16BE(8);
    const count = request.readUInt16BE(10);
    const response = Buffer.alloc(9 + 2 * count);
    request.copy(response, 0, 0, 4);
    response.writeUInt16BE(3 + 2 * count, 4);
    response.writeUInt8(request[6], 6);
    response.writeUInt8(3, 7);
    response.writeUInt8(2 * count, 8);
    for (let index = 0; index < count; index += 1) response.writeUInt16BE(this.#registers.get(first + index) ?? 0, 9 + 2 * index);
    return response;
  }
}

const phases = (name, [a, b, c], suffixes = ["a", "b", "c"]) => ({ [`${name}_${suffixes[0]}`]: a, [`${name}_${suffixes[1]}`]: b, [`${name}_${suffixes[2]}`]: c });

const engine_at_rest = {
  mode_auto: true, mains_normal: true, mains_load: true, gen_normal: false, gen_closed: false,
  mains_uab: 398.5, mains_ubc: 399.1, mains_uca: 398.9, mains_freq: 50.01, gen_uab: 0, gen_ubc: 0, gen_uca: 0, gen_freq: 0,
  volt_diff: null, freq_diff: null, phase_diff: null, ...phases("current", [0, 0, 0]), current_earth: null,
  ...phases("power", [0, 0, 0]), power_total: 0, ...phases("reactive", [0, 0, 0]), reactive_total: 0, ...phases("pf", [0, 0, 0]), pf_avg: 0,
  engine_speed: 0, battery_volt: 26.8, charger_volt: 0, coolant_temp: 48, oil_pressure: 0, fuel_level: 74, load_pct: 0, oil_temp: 46,
  fuel_pressure: 0, turbo_pressure: 0, fuel_consumption: 0, gen_status: 0, run_hours: 4323, run_minutes: 5, start_count: 87, energy_kwh: 128450, alarm_count: 0,
};

const engine_under_load = {
  gen_normal: true, gen_closed: true, gen_uab: 400.2, gen_ubc: 401.1, gen_uca: 399.7, gen_freq: 50.02, volt_diff: 0.3, freq_diff: -0.01, phase_diff: 1.2,
  ...phases("current", [171.4, 168.9, 173.2]), ...phases("power", [38.1, 37.6, 38.6]), power_total: 114.3, ...phases("reactive", [10.2, 9.9, 10.4]), reactive_total: 30.5,
  ...phases("pf", [0.966, 0.967, 0.965]), pf_avg: 0.966, engine_speed: 1502, charger_volt: 28.1, coolant_temp: 84, oil_pressure: 436, load_pct: 57, oil_temp: 92,
  fuel_pressure: 210, turbo_pressure: 88, fuel_consumption: 31.4, gen_status: 9,
};

const switchboard_on_mains = {
  mode_auto: true, genset_status: 0, mains_status: 0, mains_switch: 3, busbar_switch: 7,
  mains_uab: 398, mains_ubc: 399, mains_uca: 398, mains_ua: 230, mains_ub: 230, mains_uc: 230, mains_freq: 50.01,
  busbar_uab: 0, busbar_ubc: 0, busbar_uca: 0, busbar_ua: 0, busbar_ub: 0, busbar_uc: 0, busbar_freq: 0,
  mains_ia: 561.2, mains_ib: 558.4, mains_ic: 566.1, mains_total_p: 374.8, mains_total_q: 92.4,
  busbar_current: 0, busbar_p: 0, busbar_q: 0, battery_v: 26.9, accum_kwh: 845210.4, accum_kvarh: 210045.1, maint_hours: 214,
};

export const genset = (values = {}) => new Controller("hgm9520n").set({ ...engine_at_rest, ...values });
export const running_genset = (values = {}) => genset({ ...engine_under_load, ...values });
export const switchboard = (values = {}) => new Controller("hgm9560").set({ ...switchboard_on_mains, ...values });
export const mains_lost = {
  mains_status: 2, mains_switch: 7, mains_uab: 0, mains_ubc: 0, mains_uca: 0, mains_ua: 0, mains_ub: 0, mains_uc: 0,
  mains_freq: 0, mains_ia: 0, mains_ib: 0, mains_ic: 0, mains_total_p: 0, mains_total_q: 0,
};
export const busbar_on_gensets = {
  genset_status: 9, busbar_switch: 3, busbar_uab: 401, busbar_ubc: 401, busbar_uca: 400, busbar_ua: 231, busbar_ub: 231,
  busbar_uc: 231, busbar_freq: 49.99, busbar_current: 344.1, busbar_p: 228.4, busbar_q: 61.2,
};
