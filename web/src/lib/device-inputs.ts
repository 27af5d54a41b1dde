import type { AlarmPoint, Inputs, InputKind, Text } from "./types";

// What is connected to the digital inputs of a device (docs/api.md, Digital inputs): the rows of the device form, and what is sent.

export interface InputRow {
  en: string;
  ru: string;
  kind: InputKind;
}
export type InputRows = Record<string, InputRow>; // by the number of the input

export const input_kinds: readonly InputKind[] = ["alarm", "status", "spare"];

// The inputs that the register map has alarm points for, with the map's own label.
export function inputs_of_map(points: AlarmPoint[] | undefined): { number: number; label: Text }[] {
  const labels = new Map<number, Text>();
  for (const { input, label } of points ?? []) if (input && !labels.has(input)) labels.set(input, label);
  return [...labels].map(([number, label]) => ({ number, label })).sort((a, b) => a.number - b.number);
}

// One row for each given number, and for each input that has an entry.
export function rows_of(inputs: Inputs | null | undefined, numbers: number[]): InputRows {
  const empty = Object.fromEntries(numbers.map((number) => [number, { en: "", ru: "", kind: "alarm" as const }]));
  const known = Object.entries(inputs ?? {}).map(([number, { en, ru, kind }]) => [number, { en, ru, kind: kind ?? "alarm" }]);
  return { ...empty, ...(Object.fromEntries(known) as InputRows) };
}

// A row without labels is no entry. One label alone is sent: the server refuses it and says what is missing.
export function inputs_of_rows(rows: InputRows): Inputs | null {
  const entries = Object.entries(rows)
    .map(([number, { en, ru, kind }]) => [number, { en: en.trim(), ru: ru.trim(), kind }] as const)
    .filter(([, { en, ru }]) => en !== "" || ru !== "");
  return entries.length > 0 ? Object.fromEntries(entries) : null;
}

// A label is missing in one of the two languages.
export const is_incomplete = ({ en, ru }: InputRow): boolean => (en.trim() === "") !== (ru.trim() === "");
