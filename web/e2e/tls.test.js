// The page over TLS, with a self-signed certificate.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { running_genset } from "./controller.js";
import { set_up } from "./fixture.js";

process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0"; // for the requests of this file
const folder = mkdtempSync(join(tmpdir(), "gensetd-tls-"));
const certificate = join(folder, "page.pem");
const key = join(folder, "page.key");
after(() => rmSync(folder, { recursive: true, force: true }));

const fixture = set_up(async (programs) => {
  execFileSync("openssl", [
    "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", key, "-out", certificate,
    "-days", "2", "-subj", "/CN=page", "-addext", "subjectAltName=IP:127.0.0.1",
  ], { stdio: "ignore" });
  const daemon = await programs.daemon({ API_TOKEN: "everything", READ_TOKEN: "only-reading", TLS_CERT: certificate, TLS_KEY: key });
  const [set] = await programs.controllers(running_genset());
  const id = await daemon.add_device(await daemon.add_site("MKZ"), "G", set);
  await daemon.online(id);
  return { daemon, id };
});

test("a reader sees live values over TLS", async () => {
  const { page, context, problems } = await fixture.open("#/", { ignoreHTTPSErrors: true });
  assert.match(page.url(), /^https:/);
  const sockets = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  await page.locator("#token").fill("only-reading");
  await page.locator("#token-send").click();
  await page.locator(`.device-row[data-device="${fixture.id}"][data-quality="live"]`).waitFor();
  assert.ok(sockets.length > 0 && sockets.every((url) => url.startsWith("wss:") && !url.includes("only-reading")));
  assert.deepEqual(problems.filter((text) => !text.includes("401")), []);
  await context.close();
});
