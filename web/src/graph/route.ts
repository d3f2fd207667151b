/** The line that a wire is drawn as. Pure. */
import type { Box } from "./layout.ts";

export interface Route {
  /** An SVG path. */
  path: string;
  /** Where its label stands. */
  x: number;
  y: number;
}

type Point = { x: number; y: number };

const round = (value: number) => Math.round(value * 10) / 10;
const at = (point: Point) => `${round(point.x)},${round(point.y)}`;

function curve(from: Point, to: Point): string {
  const reach = Math.max(24, Math.abs(to.x - from.x) / 2);
  return `C${at({ x: from.x + reach, y: from.y })} ${at({ x: to.x - reach, y: to.y })} ${at(to)}`;
}

/**
 * From the right side of one box to the left side of another.
 * @param through where it passes between the boxes of a column; there it runs straight for the column's width.
 */
export function across(from: Box, to: Box, through: readonly Point[], column: number): Route {
  const end = { x: to.x, y: to.y + to.height / 2 };
  let here: Point = { x: from.x + from.width, y: from.y + from.height / 2 };
  let path = `M${at(here)}`;
  for (const { x, y } of through) {
    path += curve(here, { x: x - column / 2, y });
    here = { x: x + column / 2, y };
    path += `L${at(here)}`;
  }
  path += curve(here, end);
  // In the lane between the boxes there is room for a label; else halfway.
  const [lane] = through;
  return { path, ...(lane ?? { x: (here.x + end.x) / 2, y: (here.y + end.y) / 2 }) };
}

/** From the bottom of one box to the top of another. */
export function downwards(from: Box, to: Box): Route {
  const start = { x: from.x + from.width / 2, y: from.y + from.height };
  const end = { x: to.x + to.width / 2, y: to.y };
  const reach = Math.max(16, Math.abs(end.y - start.y) / 2);
  const path = `M${at(start)}C${at({ x: start.x, y: start.y + reach })} ${at({ x: end.x, y: end.y - reach })} ${at(end)}`;
  return { path, x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 };
}
