/** The steps on one line of time. Pure. */
import type { RunView, StepView } from "../api/types.ts";
import { isOver } from "../ui/states.ts";
import { ms } from "../ui/time.ts";

export interface Bar {
  step: StepView;
  /** Parts of the whole, 0 to 1. `done` is null where that phase did not begin. */
  from: number;
  done: number | null;
  to: number;
  millis: number;
}
export interface Waterfall {
  bars: Bar[];
  /** Milliseconds from left to right. */
  span: number;
}

/** Every step that started, by its start. Steps that did not are left out. */
export function waterfall(run: RunView, now: number): Waterfall {
  const started = run.steps.filter((step) => ms(step.started_at) !== null);
  const starts = started.map((step) => ms(step.started_at)!);
  const zero = Math.min(...starts);
  const ends = started.map(
    (step) => ms(step.finished_at) ?? (isOver(step.state) ? ms(step.started_at)! : now),
  );
  const span = Math.max(1, Math.max(...ends) - zero);
  const bars = started.map((step, i): Bar => {
    const from = starts[i]!;
    const to = Math.max(ends[i]!, from);
    const done = ms(step.done_started_at);
    return {
      step,
      from: (from - zero) / span,
      done: done === null ? null : (done - zero) / span,
      to: (to - zero) / span,
      millis: to - from,
    };
  });
  bars.sort((a, b) => a.from - b.from || a.step.index - b.step.index);
  return { bars, span: started.length === 0 ? 0 : span };
}

const NICE = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];

/** Milliseconds at which the scale is marked: at most six places, round numbers. */
export function ticks(span: number): number[] {
  const every = (NICE.find((seconds) => span / (seconds * 1000) <= 6) ?? 604_800) * 1000;
  const found: number[] = [];
  for (let at = every; at < span * 0.98; at += every) found.push(at);
  return found;
}
