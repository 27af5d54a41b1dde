import assert from "node:assert/strict";
import { test } from "node:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { count_of_devices, name_in, refused_line } from "../src/lib/profile-files";
import { device } from "./builders";

const names: [string, string, string | null][] = [
  ["plain", 'name = "my_genset"\nextends = "hgm9520n"\n', "my_genset"],
  ["after comments, with spaces and a comment", '# name = "other"\r\n\r\n  name="my_genset" # mine\r\n', "my_genset"],
  ["in single quotes, after a byte order mark", "\uFEFFname = 'my_genset'", "my_genset"],
  ["after a list of fields", 'fields = [\n  { name = "a", address = 1 },\n]\nname = "my_genset"', "my_genset"],
  ["a name of a table", 'format = 2\n[[alarm_groups]]\nname = "shutdown"\n', null],
  ["a name of a field only", 'fields = [{ name = "a" }]', null],
  ["another key", 'names = "a"\nfile_name = "b"', null],
  ["empty", 'name = ""', null],
  ["no text", "name = 5", null],
  ["no file", "", null],
];
for (const [what, toml, expected] of names) test(`the name in a file: ${what}`, () => assert.equal(name_in(toml), expected));

test("the files of the program have their names", () => {
  for (const name of ["hgm9520n", "hgm9560", "unconfirmed/dse_gencomm", "unconfirmed/deif_agc150", "unconfirmed/smartgen_hgm6100n"])
    assert.equal(name_in(readFileSync(join(process.env.GENSETD_SOURCE!, `profiles/${name}.toml`), "utf8")), name.split("/").at(-1));
});

test("a refusal names a line of the file", () => {
  const toml = 'name = "mine"\r\nextends = "hgm9520n"\r\n  protocol = "udp"\r\n';
  assert.deepEqual(refused_line('mine:3: protocol = "udp": must be tcp', "mine", toml), { number: 3, text: 'protocol = "udp"' });
  assert.equal(refused_line("other:3: x", "mine", toml), null, "a line of another map");
  assert.equal(refused_line("mine:40: x", "mine", toml), null);
  assert.equal(refused_line("the body is larger than 262144 bytes", "mine", toml), null);
  assert.equal(refused_line("profile mine is in use: used by 3: x", "mine", toml), null);
});

test("devices are counted by their map", () => {
  assert.equal(count_of_devices([device(1), device(2, { profile: "mine" }), device(3)], "hgm9520n"), 2);
  assert.equal(count_of_devices([], "hgm9520n"), 0);
});
