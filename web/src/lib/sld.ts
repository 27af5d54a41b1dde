import type { BlockModel, GensetModel } from "./topology";

// Positions of the parts of a wide single-line diagram, in pixels. topology.ts decides what the parts are and what is energised.

export const feeder_width = 130; // wide enough for the Russian state texts
export const feeders_per_row_max = 8;
const row_height = 190;
const margin = 30;
const load_label = 170;

export interface Feeder {
  genset: GensetModel;
  x: number;
  y: number; // of the rail that it is connected to
}

export interface WideLayout {
  width: number;
  height: number;
  mains_x: number;
  load_end: number;
  rail: number;
  more_rails: { x1: number; x2: number; y: number }[]; // for gensets that do not fit on the first rail
  feeders: Feeder[];
}

export function wide_layout(block: BlockModel, available: number): WideLayout {
  const count = block.gensets.length;
  const label_width = block.bus_breaker ? 0 : load_label; // without a bus breaker, the load label is at the end of the same rail
  const fitting = Math.max(1, Math.floor((available - 2 * margin - label_width) / feeder_width));
  const per_row = Math.max(1, Math.min(count, feeders_per_row_max, fitting));
  const width = Math.max(560, Math.min(available, Math.max(820, per_row * 1.75 * feeder_width + 2 * margin + label_width)));
  const load_end = width - margin - load_label;
  const pitch = ((block.bus_breaker ? width - margin : load_end) - margin) / per_row;
  const rail = block.bus_breaker ? 214 : 130;
  const x_of = (index: number): number => margin + pitch * ((index % per_row) + 0.5);
  const rows = Math.max(1, Math.ceil(count / per_row));
  const more_rails = Array.from({ length: rows - 1 }, (_, row) => ({
    x1: margin,
    x2: x_of(Math.min(count, (row + 2) * per_row) - 1),
    y: rail + (row + 1) * row_height,
  }));
  return {
    width,
    height: rail + (count > 0 ? rows * row_height - 25 : 30),
    mains_x: Math.min(width / 2 - 40, 260),
    load_end,
    rail,
    more_rails,
    feeders: block.gensets.map((genset, index) => ({ genset, x: x_of(index), y: rail + Math.floor(index / per_row) * row_height })),
  };
}
