/** The state of the run page as it stands in the address. Pure. */
import type { Phase, RunView } from "../api/types.ts";

export type Tab = "log" | "value" | "files" | "details";

export interface View {
  /** `name`, or `pipeline/name` of another pipeline. */
  step: string | null;
  tab: Tab;
  phase: Phase | null;
  attempt: number | null;
  /** One of the step's services, whose log it is. */
  service: string | null;
  /** A line's number, or `@offset.nth`. */
  line: string | null;
  /** Text looked for in the log. */
  find: string;
  times: boolean;
  wrap: boolean;
  /** The list of runs: open, closed, or as the page likes. */
  runs: boolean | null;
  branch: string;
  state: string;
}

const flag = (value: string | null): boolean | null => (value === null ? null : value !== "0");
const natural = (value: string | null): number | null =>
  value !== null && /^[1-9]\d{0,8}$/.test(value) ? Number(value) : null;

/** Where a pipeline is started by hand. */
export const startPath = (account: string, pipeline: string): string => `${runPath(account, pipeline)}/start`;

export function readView(search: URLSearchParams): View {
  const tab = search.get("tab");
  const phase = search.get("phase");
  return {
    step: search.get("step") || null,
    tab: tab === "value" || tab === "files" || tab === "details" ? tab : "log",
    phase: phase === "run" || phase === "done" ? phase : null,
    attempt: natural(search.get("attempt")),
    service: /^[a-z0-9][a-z0-9_-]{0,62}$/.test(search.get("service") ?? "") ? search.get("service") : null,
    line: /^(\d{1,9}|@\d{1,15}\.\d{1,9})$/.test(search.get("line") ?? "") ? search.get("line") : null,
    find: search.get("find") ?? "",
    times: flag(search.get("times")) ?? false,
    wrap: flag(search.get("wrap")) ?? true,
    runs: flag(search.get("runs")),
    branch: search.get("branch") ?? "",
    state: search.get("state") ?? "",
  };
}

/** The address with some of it changed. What is as it would be anyway does not stand in it. */
export function writeView(search: URLSearchParams, change: Partial<View>): URLSearchParams {
  const view = { ...readView(search), ...change };
  if (change.step !== undefined) {
    // What belonged to the step before goes with it.
    for (const key of ["phase", "attempt", "service", "line"] as const)
      if (!(key in change)) view[key] = null;
    if (!("find" in change)) view.find = "";
  }
  const result = new URLSearchParams();
  const set = (key: string, value: string | null) => {
    if (value !== null && value !== "") result.set(key, value);
  };
  set("step", view.step);
  set("tab", view.tab === "log" ? null : view.tab);
  set("phase", view.phase);
  set("attempt", view.attempt === null ? null : String(view.attempt));
  set("service", view.service);
  set("line", view.line);
  set("find", view.find);
  set("times", view.times ? "1" : null);
  set("wrap", view.wrap ? null : "0");
  set("runs", view.runs === null ? null : view.runs ? "1" : "0");
  set("branch", view.branch);
  set("state", view.state);
  return result;
}

/** A step's name in the address: short in its own pipeline. */
export function stepName(run: RunView, index: number): string | null {
  const step = run.steps.find((one) => one.index === index);
  if (!step) return null;
  const pipeline = run.pipelines.find((one) => one.index === step.pipeline);
  return !pipeline || pipeline.this ? step.name : `${pipeline.name}/${step.name}`;
}

/** The step that a name in the address means. */
export function stepNamed(run: RunView, name: string | null): number | null {
  if (name === null) return null;
  const cut = name.indexOf("/");
  const found = run.steps.find((step) => {
    const pipeline = run.pipelines.find((one) => one.index === step.pipeline);
    if (cut === -1) return step.name === name && pipeline?.this !== false;
    return pipeline?.name === name.slice(0, cut) && step.name === name.slice(cut + 1);
  });
  return found?.index ?? null;
}

const URGENT: Partial<Record<string, number>> = {
  failed: 0,
  "timed-out": 1,
  infra: 2,
  running: 3,
  "running-done": 3,
  recording: 4,
};

/** The step to show when nobody chose one: what failed, else what runs, else the last that ended. */
export function defaultStep(run: RunView): number | null {
  const mine = new Set(run.pipelines.filter((one) => one.this).map((one) => one.index));
  const rank = (state: string) => URGENT[state] ?? 9;
  let best: RunView["steps"][number] | null = null;
  for (const step of run.steps.filter((one) => mine.size === 0 || mine.has(one.pipeline))) {
    const urgent = best ? rank(step.state) - rank(best.state) : -1;
    const later = (step.finished_at ?? "") > (best?.finished_at ?? "");
    if (urgent < 0 || (urgent === 0 && rank(step.state) === 9 && later)) best = step;
  }
  return best?.index ?? null;
}

export const runPath = (account: string, pipeline: string, number?: number): string =>
  `/results/${encodeURIComponent(account)}/${encodeURIComponent(pipeline)}${number === undefined ? "" : `/${number}`}`;
