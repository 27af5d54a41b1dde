// Runs the browser tests against the program that GENSETD names; 'npm run e2e -- states' runs only matching files.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), "e2e");
const only = process.argv[2] ?? "";
const files = readdirSync(folder).filter((name) => name.endsWith(".test.js") && name.includes(only));
if (files.length === 0) {
  console.error(`e2e: no file of web/e2e has '${only}' in its name`);
  process.exit(1);
}
process.exit(spawnSync(process.execPath, ["--test", "--test-reporter=spec", ...files.map((name) => join(folder, name))], { stdio: "inherit" }).status ?? 1);
