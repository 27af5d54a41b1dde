// REST of the daemon. The token travels in a header and, for the WebSocket, as a subprotocol: a URL would end in logs.

import { address_of } from "./address";

export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly field: string | null = null) {
    super(message);
  }
}

const token_key = "gensetd.token";
let token = read_token();
const refusals = new Set<() => void>();

function read_token(): string {
  try {
    return sessionStorage.getItem(token_key) ?? "";
  } catch {
    return ""; // storage is forbidden: the token lives as long as the page
  }
}

export function set_token(next: string): void {
  token = next;
  try {
    if (next) sessionStorage.setItem(token_key, next);
    else sessionStorage.removeItem(token_key);
  } catch {
    // as above
  }
}

export const has_token = (): boolean => token !== "";

// Called at each 401.
export function on_unauthorized(act: () => void): void {
  refusals.add(act);
}

export function websocket_protocols(): string[] {
  if (!token) return ["gensetd"];
  const bytes = String.fromCharCode(...new TextEncoder().encode(token));
  const base64url = btoa(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  return ["gensetd", `gensetd.token.${base64url}`];
}

async function ask(method: string, path: string, body: unknown, signal: AbortSignal | undefined, accept: string): Promise<Response> {
  const headers: Record<string, string> = { Accept: accept };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer: Response;
  try {
    answer = await fetch(address_of(path), { method, headers, body: body === undefined ? null : JSON.stringify(body), cache: "no-store", signal: signal ?? null });
  } catch (failed) {
    if (failed instanceof DOMException && failed.name === "AbortError") throw failed;
    throw new ApiError(0, "unreachable", "");
  }
  if (answer.ok) return answer;
  if (answer.status === 401) refusals.forEach((act) => act());
  const said = (await answer.json().catch(() => null)) as { error?: { code?: string; message?: string; field?: string | null } } | null;
  throw new ApiError(answer.status, said?.error?.code ?? "", said?.error?.message ?? `HTTP ${answer.status}`, said?.error?.field ?? null);
}

async function as_json<T>(answer: Promise<Response>): Promise<T> {
  const { status, text } = await answer.then(async (one) => ({ status: one.status, text: await one.text() }));
  return (status === 204 ? undefined : JSON.parse(text)) as T;
}

export const api = {
  get: <T>(path: string, signal?: AbortSignal) => as_json<T>(ask("GET", path, undefined, signal, "application/json")),
  post: <T>(path: string, body: unknown, signal?: AbortSignal) => as_json<T>(ask("POST", path, body, signal, "application/json")),
  patch: <T>(path: string, body: unknown) => as_json<T>(ask("PATCH", path, body, undefined, "application/json")),
  remove: (path: string) => as_json<void>(ask("DELETE", path, undefined, undefined, "application/json")),
  csv: (path: string) => ask("GET", path, undefined, undefined, "text/csv").then((answer) => answer.blob()),
};

// Whether this token may change anything.
export async function may_change(): Promise<boolean> {
  return (await api.get<{ role: "reader" | "administrator" }>("/api/access")).role === "administrator";
}
