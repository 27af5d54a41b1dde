import type { Key } from "./i18n";

// What to check when a device does not answer, by the sentence that the daemon says of it (src/poller/describe.cpp).
const advices: [RegExp, Key][] = [
  [/connection refused/i, "advice_refused"],
  [/no connection within|nobody has this address|no way to that network|host name has no address|firewall/i, "advice_connect"],
  [/was closed before|connection reset/i, "advice_closed"],
  [/another master asks|only answers to others/i, "advice_others"],
  [/wrong CRC|bytes that are no Modbus/i, "advice_crc"],
  [/answers in Modbus/i, "advice_protocol"],
  [/unit \d+ answered instead/i, "advice_unit"],
  [/refuses to read|exception/i, "advice_exception"],
  [/no answer within/i, "advice_silent"],
  [/check the address/i, "advice_address"],
];

export function advice_for(error: string): Key {
  return advices.find(([pattern]) => pattern.test(error))?.[1] ?? "advice_other";
}
