// REST client of the daemon. The token is sent in a header, and to the WebSocket as a subprotocol: URLs appear in logs.

import { address_of } from "./address";

export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly field: string | null = null) {
    super(message);
  }
}

const token_key = "gensetd.token";
let token = read_token();
const unauthorized_listeners = new Set<() => void>();

function read_token(): string {
  try {
    return sessionStorage.getItem(token_key) ?? "";
  } catch {
    return ""; // storage is forbidden: the token is kept until the page is closed
  }
}

export function set_token(next: string): void {
  token = next;
  try {
    if (next) sessionStorage.setItem(token_key, next);
    else sessionStorage.removeItem(token_key);
  } catch {
    // storage is forbidden
  }
}

export const has_token = (): boolean => token !== "";

// `callback` is called at each response with status 401.
export function on_unauthorized(callback: () => void): void {
  unauthorized_listeners.add(callback);
}

export function websocket_protocols(): string[] {
  if (!token) return ["gensetd"];
  const bytes = String.fromCharCode(...new TextEncoder().encode(token));
  const base64url = btoa(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  return ["gensetd", `gensetd.token.${base64url}`];
}

const json = "application/json";
const body_text = (body: unknown, type: string): string | null => (body === undefined ? null : type === json ? JSON.stringify(body) : String(body));

async function send_request(method: string, path: string, body: unknown, signal: AbortSignal | undefined, accept: string, type = json): Promise<Response> {
  const headers: Record<string, string> = { Accept: accept };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = type;
  let response: Response;
  try {
    response = await fetch(address_of(path), { method, headers, body: body_text(body, type), cache: "no-store", signal: signal ?? null });
  } catch (failed) {
    if (failed instanceof DOMException && failed.name === "AbortError") throw failed;
    throw new ApiError(0, "unreachable", "");
  }
  if (response.ok) return response;
  if (response.status === 401) unauthorized_listeners.forEach((callback) => callback());
  const failure = (await response.json().catch(() => null)) as { error?: { code?: string; message?: string; field?: string | null } } | null;
  throw new ApiError(response.status, failure?.error?.code ?? "", failure?.error?.message ?? `HTTP ${response.status}`, failure?.error?.field ?? null);
}

async function as_json<T>(response: Promise<Response>): Promise<T> {
  const { status, text } = await response.then(async (received) => ({ status: received.status, text: await received.text() }));
  return (status === 204 ? undefined : JSON.parse(text)) as T;
}

export const api = {
  get: <T>(path: string, signal?: AbortSignal) => as_json<T>(send_request("GET", path, undefined, signal, json)),
  post: <T>(path: string, body: unknown, signal?: AbortSignal) => as_json<T>(send_request("POST", path, body, signal, json)),
  patch: <T>(path: string, body: unknown) => as_json<T>(send_request("PATCH", path, body, undefined, json)),
  put_toml: <T>(path: string, toml: string) => as_json<T>(send_request("PUT", path, toml, undefined, json, "application/toml")),
  remove: (path: string) => as_json<void>(send_request("DELETE", path, undefined, undefined, json)),
  csv: (path: string) => send_request("GET", path, undefined, undefined, "text/csv").then((response) => response.blob()),
};

// Only an administrator may change anything.
export async function is_administrator(): Promise<boolean> {
  return (await api.get<{ role: "reader" | "administrator" }>("/api/access")).role === "administrator";
}
