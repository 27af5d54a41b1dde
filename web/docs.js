"use strict";

// Shows /api/openapi.json. All of it is inserted as text, never as markup.

const methods = ["get", "post", "patch", "put", "delete"];
const token_key = "gensetd.token"; // shared with the dashboard; kept until the tab is closed
let description = null;

const element = (id) => document.getElementById(id);

function make(tag, class_name, ...children) {
  const made = document.createElement(tag);
  if (class_name) made.className = class_name;
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

// The object that a $ref refers to, with its name.
function resolved(thing) {
  if (!thing || !thing.$ref) return { value: thing || {}, name: "" };
  const names = thing.$ref.replace(/^#\//, "").split("/");
  return { value: names.reduce((inside, name) => inside[name], description), name: names[names.length - 1] };
}

function kind_of(schema) {
  const { value, name } = resolved(schema);
  if (value.oneOf) return value.oneOf.map(kind_of).join(" or ");
  if (value.type === "array") return `list of ${value.items ? kind_of(value.items) : "anything"}`;
  return `${name || value.type || "anything"}${value.nullable ? " or null" : ""}`;
}

// "1 to 65535, default 502"
function limits_of(schema) {
  const { value } = resolved(schema);
  const parts = [];
  const range = (least, most, what) => {
    if (least !== undefined && most !== undefined) parts.push(`${least} to ${most}${what}`);
    else if (least !== undefined) parts.push(`at least ${least}${what}`);
    else if (most !== undefined) parts.push(`at most ${most}${what}`);
  };
  if (value.enum) parts.push(value.enum.map((one) => JSON.stringify(one)).join(" | "));
  if (value.format) parts.push(value.format);
  if (value.pattern) parts.push(`pattern ${value.pattern}`);
  range(value.minimum, value.maximum, "");
  range(value.minLength, value.maxLength, " characters");
  range(value.minItems, value.maxItems, " entries");
  if (value.default !== undefined) parts.push(`default ${JSON.stringify(value.default)}`);
  return parts.join(", ");
}

// How fields are marked: required ones in a request, optional ones in a response. `within` lists the names of the enclosing
// schemas, since a schema may contain itself.
const in_request = { is_request: true, within: [] };
const in_response = { is_request: false, within: [] };

function field_row(name, schema, required, meaning, context) {
  const limits = limits_of(schema);
  const text = meaning || resolved(schema).value.description || "";
  const row = make("li", "", make("span", "name", name), " ", make("span", "kind", kind_of(schema) + (limits ? `, ${limits}` : "")));
  if (Boolean(required) === context.is_request) row.append(" ", required ? make("span", "required", "required") : make("span", "optional", "may be missing"));
  if (text) row.append(make("span", "meaning", text));
  const inside = fields_of(schema, context);
  if (inside) row.append(inside);
  return row;
}

// The fields of an object, or of the objects of a list; null where there are none.
function fields_of(schema, context) {
  const { value, name } = resolved(schema);
  if (name && context.within.includes(name)) return null;
  const inner_context = name ? { ...context, within: [...context.within, name] } : context;
  if (value.oneOf) {
    const lists = value.oneOf.map((one) => model(one, inner_context)).filter(Boolean);
    return lists.length ? make("div", "", ...lists) : null;
  }
  if (value.type === "array") return value.items ? fields_of(value.items, inner_context) : null;
  if (!value.properties) return null;
  const required = value.required || [];
  const list = make("ul", "fields");
  for (const [field, inner] of Object.entries(value.properties)) list.append(field_row(field, inner, required.includes(field), "", inner_context));
  if (value.additionalProperties === true) list.append(make("li", "kind", "and further fields"));
  return list;
}

// A schema that the reader can open.
function model(schema, context) {
  const { value } = resolved(schema);
  const fields = fields_of(schema, context);
  if (!fields) return make("span", "kind", kind_of(schema));
  const shown = make("details", "model", make("summary", "", kind_of(schema)));
  if (value.description) shown.append(make("span", "meaning", value.description));
  shown.append(fields);
  return shown;
}

function sample(schema) {
  const { value } = resolved(schema);
  if (value.example !== undefined) return value.example;
  if (value.default !== undefined) return value.default;
  if (value.enum) return value.enum[0];
  if (value.type === "array") return [];
  if (value.type === "integer" || value.type === "number") return Math.max(1, value.minimum || 0);
  if (value.type === "boolean") return true;
  if (value.type !== "object") return "…";
  const required = value.required || Object.keys(value.properties || {}).slice(0, 1);
  return Object.fromEntries(required.map((name) => [name, sample(value.properties[name])]));
}

// In each form that the server accepts; the first is the usual one.
function bodies_of(operation) {
  const body = resolved(operation.requestBody).value;
  return Object.entries(body.content || {}).map(([type, content]) => ({ type, schema: content.schema, about: body.description }));
}

function command_of(method, path, operation) {
  const words = ["curl"];
  if (method !== "get") words.push("-X", method.toUpperCase());
  if (!is_open(operation)) words.push("-H 'Authorization: Bearer TOKEN'");
  const [body] = bodies_of(operation);
  if (body) words.push(`-H 'Content-Type: ${body.type}'`, body.type === "application/json" ? `-d '${JSON.stringify(sample(body.schema))}'` : "--data-binary @FILE");
  words.push(`'${new URL("..", location.href).href.replace(/\/$/, "")}${path}'`);
  return words.join(" ");
}

const is_open = (operation) => Boolean(operation.security && operation.security.length === 0);

function responses_of(operation) {
  const all = make("div", "");
  for (const [status, response] of Object.entries(operation.responses)) {
    const { value } = resolved(response);
    const details = make("div", "", value.description || "");
    for (const [header, definition] of Object.entries(value.headers || {})) {
      const description = definition.description ? `: ${definition.description}` : "";
      details.append(make("div", "kind", `header ${header}${description}`));
    }
    for (const [type, content] of Object.entries(value.content || {})) {
      if (type !== "application/json") details.append(make("div", "kind", type));
      else if (resolved(content.schema).name !== "Error") details.append(make("div", "", model(content.schema, in_response)));
    }
    all.append(make("div", "response", make("span", `status ${Number(status) < 400 ? "good" : "bad"}`, status), details));
  }
  return all;
}

function operation_of(path, method, operation, shared) {
  const title = make("summary", "", make("span", `method ${method}`, method.toUpperCase()), make("span", "path", path), make("span", "summary", operation.summary || ""));
  const inside = make("div", "inside");
  if (operation.description) inside.append(make("p", "", operation.description));
  const needed_token = method === "get" ? "Needs API_TOKEN or READ_TOKEN, if they are set." : "Needs API_TOKEN, if it is set.";
  inside.append(make("p", "kind", is_open(operation) ? "Needs no token." : needed_token));
  const parameters = [...(shared || []), ...(operation.parameters || [])].map((one) => resolved(one).value);
  if (parameters.length) {
    const list = make("ul", "fields");
    for (const one of parameters) list.append(field_row(one.in === "path" ? `{${one.name}}` : `?${one.name}=`, one.schema, one.required, one.description, in_request));
    inside.append(make("h3", "", "Parameters"), list);
  }
  const bodies = bodies_of(operation);
  const [body] = bodies;
  if (body && body.type === "application/json") {
    inside.append(make("h3", "", `Body: ${kind_of(body.schema)}`), fields_of(body.schema, in_request) || make("span", "kind", kind_of(body.schema)));
  } else if (body) {
    inside.append(make("h3", "", `Body: ${bodies.map((one) => one.type).join(" or ")}`), make("p", "", body.about || ""));
  }
  if (!path.startsWith("/ws/")) inside.append(make("h3", "", "Example"), make("pre", "", command_of(method, path, operation)));
  inside.append(make("h3", "", "Responses"), responses_of(operation));
  const shown = make("details", "operation", title, inside);
  shown.id = operation.operationId || `${method}${path.replace(/[^a-z0-9]+/gi, "_")}`;
  shown.addEventListener("toggle", () => {
    if (shown.open && location.hash !== `#${shown.id}`) history.replaceState(null, "", `#${shown.id}`);
  });
  return shown;
}

// The operations by their first tag, in the order of the tags in the description.
function operations_by_tag() {
  const by_tag = new Map((description.tags || []).map((tag) => [tag.name, { about: tag.description || "", shown: [] }]));
  for (const [path, item] of Object.entries(description.paths)) {
    for (const method of methods.filter((one) => item[one])) {
      const tag = (item[method].tags || ["Other"])[0];
      if (!by_tag.has(tag)) by_tag.set(tag, { about: "", shown: [] });
      by_tag.get(tag).shown.push(operation_of(path, method, item[method], item.parameters));
    }
  }
  return by_tag;
}

function show() {
  element("state").hidden = true;
  element("version").textContent = description.info.version;
  element("about").textContent = description.info.description;
  for (const [tag, { about, shown }] of operations_by_tag()) {
    if (!shown.length) continue;
    element("operations").append(make("section", "", make("h2", "", tag), make("p", "", about), ...shown));
    element("contents").append(make("b", "", tag));
    for (const operation of shown) {
      const link = make("a", "", ...[...operation.querySelectorAll(":scope > summary > .method, :scope > summary > .path")].flatMap((part) => [part.cloneNode(true), " "]));
      link.href = `#${operation.id}`;
      element("contents").append(link);
    }
  }
  element("search").disabled = false;
  follow_link();
}

function follow_link() {
  const wanted = element(decodeURIComponent(location.hash.slice(1)));
  if (!wanted || !wanted.classList.contains("operation")) return;
  wanted.hidden = false;
  wanted.open = true;
  wanted.scrollIntoView();
}

function search() {
  const words = element("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const section of document.querySelectorAll("#operations > section")) {
    const tag = section.firstChild.textContent.toLowerCase();
    for (const operation of section.querySelectorAll(".operation")) {
      const text = `${tag} ${operation.textContent.toLowerCase()}`;
      operation.hidden = !words.every((word) => text.includes(word));
      if (!operation.hidden) found += 1;
    }
    section.hidden = !section.querySelector(".operation:not([hidden])");
  }
  element("found").textContent = words.length ? `${found} found` : "";
}

function fail(text) {
  element("state").textContent = text;
  element("state").className = "bad";
}

async function load() {
  const token = sessionStorage.getItem(token_key);
  let response;
  try {
    response = await fetch("openapi.json", { headers: token ? { Authorization: `Bearer ${token}` } : {}, cache: "no-store" });
  } catch {
    fail("gensetd does not respond. Reload the page when it is running again.");
    return;
  }
  if (response.status === 401) {
    element("state").textContent = token ? "This token is not accepted." : "The description needs a token: API_TOKEN or READ_TOKEN of gensetd.";
    element("login").hidden = false;
    element("token").focus();
    return;
  }
  const body = await response.json();
  if (!response.ok) {
    fail(`Could not load the description: ${body.error.message}.`);
    return;
  }
  element("login").hidden = true;
  description = body;
  // A plain link would be requested without the token.
  element("file").href = URL.createObjectURL(new Blob([JSON.stringify(body, null, 1)], { type: "application/json" }));
  element("file").download = "openapi.json";
  show();
}

element("login").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(token_key, element("token").value);
  element("token").value = "";
  load();
});
element("search").addEventListener("input", search);
window.addEventListener("hashchange", follow_link);
load();
