/** Which step an arrow key leads to. Pure. */
import type { Layout } from "./layout.ts";
import { stepId } from "./layout.ts";

export type Arrow = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown";
export const isArrow = (key: string): key is Arrow =>
  key === "ArrowLeft" || key === "ArrowRight" || key === "ArrowUp" || key === "ArrowDown";

/** Steps whose left edges are this close stand in one column. */
const COLUMN_PX = 40;

/**
 * Right and left go along the wires, to the neighbour that stands nearest; where no wire goes that way, to the nearest
 * step on that side. Up and down stay in the column.
 * @returns the step's index, or null where there is nothing that way.
 */
export function move(layout: Layout, from: number, key: Arrow): number | null {
  const here = layout.steps.get(from);
  if (!here) return layout.steps.keys().next().value ?? null;
  const all = [...layout.steps].filter(([index]) => index !== from);
  const nearest = (found: typeof all): number | null => {
    let best: number | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const [index, box] of found) {
      // What stands at the same height is nearer than what stands in the next column.
      const distance = Math.abs(box.y - here.y) * 2 + Math.abs(box.x - here.x);
      if (distance < least) {
        least = distance;
        best = index;
      }
    }
    return best;
  };
  if (key === "ArrowUp" || key === "ArrowDown") {
    const sign = key === "ArrowUp" ? -1 : 1;
    return nearest(all.filter(([, b]) => Math.abs(b.x - here.x) < COLUMN_PX && (b.y - here.y) * sign > 0));
  }
  const right = key === "ArrowRight";
  const next = (id: string): string[] =>
    layout.wires
      .filter((wire) => (right ? wire.from : wire.to) === id)
      .map((wire) => (right ? wire.to : wire.from));
  // A gate is passed through: it is no step.
  const wired = new Set(next(stepId(from)).flatMap((id) => (id.startsWith("g") ? next(id) : [id])));
  const along = nearest(all.filter(([index]) => wired.has(stepId(index))));
  if (along !== null) return along;
  return nearest(all.filter(([, b]) => (right ? b.x - here.x : here.x - b.x) >= COLUMN_PX));
}
