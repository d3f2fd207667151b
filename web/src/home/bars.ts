/** The last runs of a pipeline as small bars. Pure. */
import type { RunSummary } from "../api/types.ts";

export const BARS = 12;

/** How long it worked, in milliseconds. */
export const worked = (run: RunSummary): number => Math.max(0, run.busy_ms);

/**
 * Heights from 0.28 to 1, oldest first; the longest is 1. By the square root, so that one long run does not make all
 * others alike.
 */
export function heights(runs: readonly RunSummary[]): { run: RunSummary; height: number }[] {
  const shown = runs.slice(0, BARS).toReversed();
  const most = Math.max(1, ...shown.map(worked));
  return shown.map((run) => ({ run, height: 0.28 + 0.72 * Math.sqrt(worked(run) / most) }));
}
