/** The steps on one line of time. Pure. */
import type { RunView, StepLine } from "../api/types.ts";
import { isOver } from "../ui/states.ts";
import { ms } from "../ui/time.ts";

export interface Bar {
  step: StepLine;
  /** Parts of the whole, 0 to 1. `done` is null where that phase did not begin. */
  from: number;
  done: number | null;
  to: number;
  millis: number;
}
/** A stretch in which no step ran, such as the wait for a click: drawn short, whatever it took. */
export interface Pause {
  /** Where it is drawn, 0 to 1. */
  from: number;
  to: number;
  millis: number;
}
export interface Waterfall {
  bars: Bar[];
  pauses: Pause[];
  /** Milliseconds from left to right, pauses left out. */
  span: number;
  /** Where that much of `span` is drawn, 0 to 1. */
  place: (millis: number) => number;
}

/** A pause longer than this part of the working time is drawn short. */
const LONG_PAUSE = 0.15;
/** And this wide, as a part of the working time. */
const SHORT_PAUSE = 0.06;

type Interval = { from: number; to: number };

/** Where something ran, without overlaps, in order. */
function merged(intervals: Interval[]): Interval[] {
  const found: Interval[] = [];
  for (const { from, to } of intervals.toSorted((a, b) => a.from - b.from)) {
    const last = found.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else found.push({ from, to });
  }
  return found;
}

/** Every step that started, by its start. Steps that did not are left out. */
export function waterfall(run: RunView, now: number): Waterfall {
  const times = run.steps.flatMap((step) => {
    const from = ms(step.started_at);
    if (from === null) return [];
    const to = Math.max(from, ms(step.finished_at) ?? (isOver(step.state) ? from : now));
    return [{ step, from, to }];
  });
  const busy = merged(times);
  const work = Math.max(
    1,
    busy.reduce((sum, { from, to }) => sum + to - from, 0),
  );
  const gaps = busy.slice(1).map(({ from }, i) => ({ from: busy[i]!.to, to: from }));
  const long = gaps.filter(({ from, to }) => to - from > work * LONG_PAUSE);

  const zero = busy[0]?.from ?? 0;
  const end = busy.at(-1)?.to ?? zero;
  const cut = long.reduce((sum, { from, to }) => sum + to - from, 0);
  const span = times.length === 0 ? 0 : Math.max(1, end - zero - cut);
  const whole = span + long.length * work * SHORT_PAUSE || 1;
  const drawn = (time: number): number => {
    let at = time - zero;
    for (const { from, to } of long) {
      if (time >= to) at += work * SHORT_PAUSE - (to - from);
      else if (time > from) at += ((time - from) / (to - from)) * work * SHORT_PAUSE - (time - from);
    }
    return at / whole;
  };
  const bars = times.map(({ step, from, to }): Bar => {
    const done = ms(step.done_started_at);
    return {
      step,
      from: drawn(from),
      done: done === null ? null : drawn(done),
      to: drawn(to),
      millis: to - from,
    };
  });
  bars.sort((a, b) => a.from - b.from || a.step.index - b.step.index);
  return {
    bars,
    pauses: long.map(({ from, to }) => ({ from: drawn(from), to: drawn(to), millis: to - from })),
    span,
    place: (millis) => {
      // Working time to clock time: over each pause that lies before.
      let time = zero + millis;
      for (const { from, to } of long) if (time >= from) time += to - from;
      return drawn(time);
    },
  };
}

const NICE = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];

/** Milliseconds at which the scale is marked: at most six places, round numbers. */
export function ticks(span: number): number[] {
  const every = (NICE.find((seconds) => span / (seconds * 1000) <= 6) ?? 604_800) * 1000;
  const found: number[] = [];
  for (let at = every; at < span * 0.98; at += every) found.push(at);
  return found;
}
