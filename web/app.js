"use strict";

const words = {
  en: {
    other: "Русский", connecting: "connecting…", live: "live", lost: "connection lost, trying again…", online: "online",
    offline: "offline", stale: "stale", unread: "not read yet", age: "read", ago: "ago", never: "never read", yes: "yes",
    no: "no", none: "No devices are registered. Add a site and a device: POST /api/sites, POST /api/devices.",
    counts: (on, all) => `${on} of ${all} online`, token: "Token", open: "Open", wrong: "This token is not accepted.",
    unknown: "unknown code", elsewhere: "values of another program",
  },
  ru: {
    other: "English", connecting: "подключение…", live: "данные поступают", lost: "связь потеряна, повтор…", online: "на связи",
    offline: "нет связи", stale: "устарело", unread: "ещё не опрошено", age: "прочитано", ago: "назад", never: "не читалось",
    yes: "да", no: "нет", none: "Устройств нет. Добавьте площадку и устройство: POST /api/sites, POST /api/devices.",
    counts: (on, all) => `на связи ${on} из ${all}`, token: "Токен", open: "Открыть", wrong: "Токен не принят.",
    unknown: "неизвестный код", elsewhere: "данные другой программы",
  },
};

const refresh_registry_ms = 3000;  // a deleted device's card is gone after that
const stale_after_ms = 10000;

let language = localStorage.getItem("gensetd.language") === "ru" ? "ru" : "en";
let token = sessionStorage.getItem("gensetd.token") || "";
let profiles = new Map();
let devices = new Map();   // of the registry, by id
let sites = new Map();
const readings = new Map();  // the newest of each device, with the moment of its arrival
const cards = new Map();
let registry_known = false;
let socket = null;
let state = "connecting";
let clock_offset_ms = 0;   // the server's clock less this one

const element = (id) => document.getElementById(id);
const say = (key) => words[language][key];

function make(tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
}

function set_text(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

async function get(path) {
  const answer = await fetch(path, { headers: token ? { Authorization: `Bearer ${token}` } : {}, cache: "no-store" });
  if (answer.status === 401) {
    ask_for_token();
    throw new Error("unauthorized");
  }
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  const date = Date.parse(answer.headers.get("Date") || "");
  if (!Number.isNaN(date)) clock_offset_ms = date - Date.now();
  return answer.json();
}

// Tokens travel as a subprotocol: a URL would end in logs.
function token_subprotocol() {
  const bytes = new TextEncoder().encode(token);
  const base64 = btoa(String.fromCharCode(...bytes));
  return "gensetd.token." + base64.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function ask_for_token() {
  if (token) {
    token = "";
    sessionStorage.removeItem("gensetd.token");
    element("token-wrong").hidden = false;
  }
  if (!element("login").hidden) return;
  element("login").hidden = false;
  element("token").focus();
}

// Not while the token is asked for: each attempt would be refused.
let retry_ms = 500;
let retry = null;
function connect() {
  retry = null;
  if (!element("login").hidden) return;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/ws/metrics`, token ? ["gensetd", token_subprotocol()] : ["gensetd"]);
  socket.onmessage = (event) => {
    retry_ms = 500;
    state = "live";
    const message = JSON.parse(event.data);
    if (message.type === "snapshot") {
      readings.clear();
      message.data.forEach(keep);
    } else {
      keep(message);
    }
    draw_later();
  };
  socket.onclose = () => {
    socket = null;
    state = "lost";
    draw_later();
    retry = setTimeout(connect, retry_ms);
    retry_ms = Math.min(retry_ms * 2, 5000);
  };
}

function keep(reading) {
  readings.set(reading.device_id, reading);
}

function connect_unless_connected() {
  if (!socket && retry === null) connect();
}

async function load_registry() {
  try {
    const [site_list, device_list] = await Promise.all([get("/api/sites"), get("/api/devices")]);
    sites = new Map(site_list.map((site) => [site.id, site]));
    const registered = new Set(device_list.map((device) => device.id));
    for (const id of devices.keys()) if (!registered.has(id)) readings.delete(id);
    devices = new Map(device_list.map((device) => [device.id, device]));
    if (device_list.some((device) => !profiles.has(device.profile)) || profiles.size === 0) {
      profiles = new Map((await get("/api/profiles")).map((profile) => [profile.name, profile]));
    }
    registry_known = true;
    element("login").hidden = true;
    element("token-wrong").hidden = true;
    draw_later();
  } catch (error) {
    // The next look comes by itself; the header says that the connection is lost.
  }
  connect_unless_connected();
}

async function follow_registry() {
  await load_registry();
  setTimeout(follow_registry, refresh_registry_ms);
}

let drawing = false;
function draw_later() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    draw();
  });
}

// Registered devices, and those that another program publishes.
function shown_devices() {
  const list = [];
  for (const device of devices.values()) {
    const site = sites.get(device.site_id);
    if (!device.is_active || !site || !site.is_active) continue;
    list.push({ id: device.id, name: device.name, site: site.code, title: site.name, profile: device.profile, interval: device.poll_interval });
  }
  for (const reading of readings.values()) {
    if (devices.has(reading.device_id)) continue;
    const profile = reading.device_type === "ats" ? "hgm9560" : "hgm9520n";
    list.push({ id: reading.device_id, name: say("elsewhere"), site: reading.site_code, title: reading.site_code, profile, interval: null });
  }
  return list.sort((a, b) => a.site.localeCompare(b.site) || a.id - b.id);
}

function draw() {
  const list = registry_known ? shown_devices() : [];
  const wanted = new Set(list.map((device) => String(device.id)));
  for (const [id, card] of cards) {
    if (!wanted.has(id)) {
      const grid = card.root.parentNode;
      card.root.remove();
      cards.delete(id);
      if (!grid.firstChild) grid.parentNode.remove();
    }
  }
  let online = 0;
  for (const device of list) {
    const reading = readings.get(device.id);
    draw_card(device, reading);
    if (reading && reading.online && !is_stale(device, reading)) online += 1;
  }
  const status = element("connection");
  set_text(status, say(state));
  status.className = state === "live" ? "good" : "bad";
  set_text(element("counts"), words[language].counts(online, list.length));
  set_text(element("language"), say("other"));
  set_text(element("token-label"), say("token"));
  set_text(element("token-send"), say("open"));
  set_text(element("token-wrong"), say("wrong"));
  set_text(element("empty"), say("none"));
  element("empty").hidden = !registry_known || list.length > 0;
  document.documentElement.lang = language;
}

function grid_of(device) {
  const id = `site-${device.site}`;
  let section = document.getElementById(id);
  if (!section) {
    section = make("section");
    section.id = id;
    section.append(make("h2", "", device.title), make("div", "devices"));
    const after = [...element("sites").children].find((other) => other.id > id);
    element("sites").insertBefore(section, after || null);
  }
  set_text(section.firstChild, device.title === device.site ? device.site : `${device.title} (${device.site})`);
  return section.lastChild;
}

function card_of(device, profile) {
  let card = cards.get(String(device.id));
  const form = `${device.profile} ${language} ${device.site} ${profile ? 1 : 0}`;
  if (card && card.form === form) return card;
  if (card) card.root.remove();
  const root = make("article");
  root.dataset.device = device.id;
  const heading = make("h3");
  card = { form, root, name: make("span", "name"), state: make("span", "state"), age: make("p", "age"), error: make("p", "error"), values: new Map() };
  heading.append(card.name, card.state);
  root.append(heading, card.age, card.error);
  for (const group of profile ? profile.groups : []) {
    const fields = profile.fields.filter((field) => field.group === group.name);
    if (fields.length === 0) continue;
    const table = make("dl");
    for (const field of fields) {
      const value = make("dd");
      value.dataset.field = field.name;
      table.append(make("dt", "", field.label[language]), value);
      card.values.set(field.name, value);
    }
    root.append(make("h4", "", group.label[language]), table);
  }
  const grid = grid_of(device);
  const after = [...grid.children].find((other) => Number(other.dataset.device) > device.id);
  grid.insertBefore(root, after || null);
  cards.set(String(device.id), card);
  return card;
}

function server_now() {
  return Date.now() + clock_offset_ms;
}

// A value is as old as the last successful cycle, whatever came since.
function is_stale(device, reading) {
  const patience = Math.max(stale_after_ms, 3000 * (device.interval || 0));
  return server_now() - Date.parse(reading.timestamp) > patience || state !== "live";
}

function age_of(reading) {
  const seen = reading.last_seen || (reading.online ? reading.timestamp : null);
  if (!seen) return say("never");
  const seconds = Math.max(0, Math.round((server_now() - Date.parse(seen)) / 1000));
  const text = seconds < 120 ? `${seconds} s` : seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
  return `${say("age")} ${text} ${say("ago")}`;
}

function draw_card(device, reading) {
  const profile = profiles.get(device.profile);
  const card = card_of(device, profile);
  grid_of(device);
  set_text(card.name, device.name);
  const kind = !reading ? "stale" : !reading.online ? "offline" : is_stale(device, reading) ? "stale" : "online";
  card.root.className = kind;
  set_text(card.state, reading ? say(kind) : say("unread"));
  set_text(card.age, reading ? age_of(reading) : "");
  card.error.hidden = !reading || !reading.error;
  set_text(card.error, (reading && reading.error) || "");
  if (!profile) return;
  for (const field of profile.fields) show(card.values.get(field.name), field, profile, reading ? reading[field.name] : null);
}

function show(node, field, profile, value) {
  if (!node) return;
  const key = JSON.stringify([value === undefined ? null : value]);
  if (node.dataset.shown === key) return;
  node.dataset.shown = key;
  const missing = value === null || value === undefined;
  node.className = missing ? "none" : "";
  node.replaceChildren(missing ? "—" : text_of(field, profile, value));
  if (!missing && field.unit) node.append(" ", make("span", "unit", field.unit));
}

function text_of(field, profile, value) {
  if (typeof value === "boolean") return say(value ? "yes" : "no");
  if (typeof value !== "number") return String(value);
  if (!field.codes) return value.toFixed(field.decimals);
  const table = profile.code_tables.find((one) => one.name === field.codes);
  const code = table && table.codes.find((one) => one.value === value);
  return code ? `${code.label[language]} (${value})` : `${say("unknown")} (${value})`;
}

element("language").onclick = () => {
  language = language === "en" ? "ru" : "en";
  localStorage.setItem("gensetd.language", language);
  draw_later();
};

element("login").onsubmit = (event) => {
  event.preventDefault();
  token = element("token").value;
  sessionStorage.setItem("gensetd.token", token);
  element("token").value = "";
  retry_ms = 500;
  load_registry();
};

follow_registry();
setInterval(draw_later, 1000);  // ages grow while nothing comes
