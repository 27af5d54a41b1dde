// Compiles tests/*.test.ts, since Node.js 18 cannot run TypeScript, and runs them; 'npm test -- topology' runs only matching files.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const web = dirname(dirname(fileURLToPath(import.meta.url)));
const only = process.argv[2] ?? "";
const tests = readdirSync(join(web, "tests")).filter((name) => name.endsWith(".test.ts") && name.includes(only));
const out = mkdtempSync(join(tmpdir(), "gensetd-web-tests-"));
let status = 1;
try {
  await build({
    entryPoints: tests.map((name) => join(web, "tests", name)),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node18",
    logLevel: "warning",
    sourcemap: "inline",
  });
  const files = tests.map((name) => join(out, name.replace(/\.ts$/, ".mjs")));
  status = spawnSync(process.execPath, ["--enable-source-maps", "--test", "--test-reporter=spec", ...files], {
    stdio: "inherit",
    env: { ...process.env, GENSETD_SOURCE: dirname(web), TZ: "UTC" },
  }).status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
process.exit(status);
