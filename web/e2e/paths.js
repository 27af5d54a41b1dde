import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const source = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const gensetd = process.env.GENSETD ?? join(source, "build/release/gensetd");
export const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
