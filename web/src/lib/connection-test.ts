import type { Key } from "./i18n";

// What to check after a failed read. The patterns match the error texts of src/poller/describe.cpp; the first match counts.
const advices: [RegExp, Key][] = [
  [/connection refused/i, "advice_refused"],
  [/no connection within|no host responds at this address|no route to that network|host name has no address|firewall/i, "advice_connect"],
  [/was closed before|connection reset/i, "advice_closed"],
  [/another master requests|only answers to other masters/i, "advice_others"],
  [/wrong CRC|bytes that are not Modbus/i, "advice_crc"],
  [/responds in Modbus/i, "advice_protocol"],
  [/unit \d+ answered instead/i, "advice_unit"],
  [/refuses to read|exception/i, "advice_exception"],
  [/no answer within/i, "advice_silent"],
  [/check the address/i, "advice_address"],
];

export function advice_for(error: string): Key {
  return advices.find(([pattern]) => pattern.test(error))?.[1] ?? "advice_other";
}
