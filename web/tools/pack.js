// node pack.js DIST OUT: packs the built page for the program. OUT/page.bin contains each file plain and, where that is smaller,
// compressed with gzip and brotli; OUT/page_table.cpp contains the offsets. The same page gives the same bytes.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const types = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
};

function files_below(folder) {
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? files_below(path) : [path]));
}

const [dist, out] = process.argv.slice(2);
const parts = [];
let length = 0;

function place(bytes) {
  parts.push(bytes);
  const offset = length;
  length += bytes.length;
  return `{${offset}, ${bytes.length}}`;
}

function entry(path) {
  const name = "/" + relative(dist, path).split("\\").join("/");
  const type = types[name.split(".").pop()];
  if (!type) throw new Error(`${name}: this kind of file has no content type in web/tools/pack.js`);
  const plain = readFileSync(path);
  const digest = createHash("sha256").update(plain).digest("hex").slice(0, 20);
  const smaller = (bytes) => (bytes.length < plain.length ? place(bytes) : "{}");
  const gzip = gzipSync(plain, { level: 9 });
  gzip[9] = 255; // operating system "unknown", so that the bytes do not depend on the machine
  const brotli = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  return `    {"${name}", "${type}", "${digest}", ${place(plain)}, ${smaller(gzip)}, ${smaller(brotli)}},`;
}

const lines = files_below(dist)
  .map((path) => ({ path, name: "/" + relative(dist, path) }))
  .sort((a, b) => (a.name < b.name ? -1 : 1))
  .map(({ path }) => entry(path));
writeFileSync(join(out, "page.bin"), Buffer.concat(parts));
writeFileSync(
  join(out, "page_table.cpp"),
  `#include "api/page_file.hpp"

namespace gensetd::api {
namespace {

constexpr PageFile files[] = {
${lines.join("\n")}
};

}  // namespace

std::span<const PageFile> page_files() { return files; }

}  // namespace gensetd::api
`,
);
