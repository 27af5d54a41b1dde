import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { advice_for } from "../src/lib/connection-test";

const said: [string, string][] = [
  ["192.168.97.10:502: connection refused; the host is reachable, but nothing listens on this port: check the port, and that the converter is a TCP server", "advice_refused"],
  ["192.168.97.10:502: no connection within 2.0 s; check address, power, cable and firewalls", "advice_connect"],
  ["192.168.97.10:502: no route to host; no host responds at this address: check the address, power and cable", "advice_connect"],
  ["gen:502: the host name has no address (host not found); check the name, or give the IP address", "advice_connect"],
  [
    "192.168.97.10:502 unit 1: no answer within 2.0 s to read 0; " +
      "the port is open: check the unit id, whether the protocol is tcp, and the wiring behind a converter",
    "advice_silent",
  ],
  [
    "192.168.97.10:26 unit 1: wrong CRC in the answer to read 0; " +
      "check baud rate, parity, wiring and termination, or the converter is in another mode (Modbus TCP, or not transparent)",
    "advice_crc",
  ],
  [
    "192.168.97.10:502 unit 1: received bytes that are not Modbus TCP instead of the answer to read 0; " +
      "check the port, and the protocol: behind a converter in transparent mode it is rtu_over_tcp",
    "advice_crc",
  ],
  ["192.168.97.10:502 unit 1: responds in Modbus RTU to a Modbus TCP request; set protocol to rtu_over_tcp, or the converter to Modbus TCP", "advice_protocol"],
  ["192.168.97.10:26 unit 1: unit 3 answered instead to read 0; check the unit id, or look for another master on the line", "advice_unit"],
  ["192.168.97.10:502 unit 1: refuses to read 0: illegal data address (exception 2); it has no such registers: check the profile", "advice_exception"],
  ["192.168.97.10:502 unit 1: the connection was closed before the answer to read 0; another client may hold it, or the protocol is not tcp", "advice_closed"],
  [
    "192.168.97.10:26 unit 1: received only answers to other masters' requests within 2.0 s to read 0; " +
      "look for another master on the line, or another client of the converter",
    "advice_others",
  ],
  ["something new", "advice_other"],
];

for (const [sentence, advice] of said) test(`${advice}: ${sentence.slice(0, 60)}`, () => assert.equal(advice_for(sentence), advice));

test("the daemon's error texts contain the words that the patterns match", () => {
  const source = readFileSync(join(process.env.GENSETD_SOURCE!, "src/poller/describe.cpp"), "utf8").replace(/"\s*\n\s*"/g, "");
  for (const words of [
    "no connection within", "no host responds at this address", "no route to that network", "host name has no address",
    "was closed before", "another master requests", "only answers to other masters", "wrong CRC", "bytes that are not Modbus",
    "responds in Modbus", "answered instead", "refuses to read", "no answer within",
  ])
    assert.ok(source.includes(words), words);
});
