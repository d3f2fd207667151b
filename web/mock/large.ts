/** Graphs of the sizes that reliability.md R59 names: 1,000 steps side by side, a chain of 500, 200 diamonds. */
import { buildRun, type MockRun, type StepSpec, secondsAgo, summary } from "./build.ts";

function graph(name: string, number: number, steps: StepSpec[]): MockRun {
  const done = steps.map((step, i): StepSpec => {
    const state = i % 97 === 96 ? "failed" : "passed";
    return {
      ...step,
      state,
      from: 900 - (i % 800),
      to: 890 - (i % 800),
      ...(state === "failed" ? { code: 1 } : {}),
    };
  });
  return buildRun({
    summary: summary({
      number,
      state: "failed",
      title: `${steps.length} steps`,
      created_at: secondsAgo(905),
      started_at: secondsAgo(900),
      ended_at: secondsAgo(10),
    }),
    repository: "maren/everything",
    pipelines: [{ name, number, state: "failed", steps: done }],
  });
}

const step = (name: string, after: string[] = []): StepSpec => ({ name, run: "make check", after });

export const wide = (): MockRun =>
  graph("wide", 1, [
    step("source"),
    ...Array.from({ length: 999 }, (_, i) => step(`check-${i}`, ["source"])),
  ]);

export const deep = (): MockRun =>
  graph(
    "deep",
    1,
    Array.from({ length: 500 }, (_, i) => step(`link-${i}`, i === 0 ? [] : [`link-${i - 1}`])),
  );

/** Each diamond begins where the one before ended. */
export const diamonds = (): MockRun =>
  graph(
    "diamonds",
    1,
    Array.from({ length: 200 }, (_, i) => [
      ...(i === 0 ? [step("d0")] : []),
      step(`left-${i}`, [`d${i}`]),
      step(`right-${i}`, [`d${i}`]),
      step(`d${i + 1}`, [`left-${i}`, `right-${i}`]),
    ]).flat(),
  );
