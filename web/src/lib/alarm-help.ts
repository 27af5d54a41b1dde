import type { AlarmPoint, PlantEvent, Text } from "./types";

// What the register map and the site say about alarms by name (docs/controllers.md, Alarms).

const point_prefix = "alarm:";

export const is_named = (event: PlantEvent): boolean => event.code.startsWith(point_prefix);

// The text that the event has brought: the map may have changed since.
export function named_text(event: PlantEvent, language: keyof Text): string | null {
  const text = event.args[`text_${language}`];
  return is_named(event) && typeof text === "string" ? text : null;
}

export function help_of(event: PlantEvent, points: AlarmPoint[] | undefined): Text | null {
  return points?.find((point) => point.code === event.code)?.help ?? null;
}
