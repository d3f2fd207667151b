/** Makes runs for the mock in few words: a step's line names what it uses, the edges follow from that. */
import type {
  Diagnostic,
  EdgeKind,
  EdgeView,
  GateView,
  PipelineView,
  RunSummary,
  RunView,
  State,
  StepState,
  StepView,
} from "../src/api/types.ts";

export const NOW = Date.now();
/** A time so many seconds before the mock was started. */
export const secondsAgo = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();

export interface StepSpec {
  name: string;
  image?: string;
  run: string;
  done?: string;
  /** `source` or a step. */
  vol?: string;
  /** Steps whose value `run` reads as a file. */
  values?: string[];
  env?: Record<string, { step: string } | string>;
  after?: string[];
  state?: StepState;
  code?: number;
  reason?: string;
  /** Seconds before now. */
  from?: number;
  done_from?: number;
  to?: number;
  value?: string;
  attempt?: number;
}

export interface PipelineSpec {
  name: string;
  number: number | null;
  state: State;
  after?: number[];
  gate?: GateView["state"];
  note?: string;
  steps: StepSpec[];
}

export interface RunSpec {
  summary: RunSummary;
  repository: string;
  pipelines: PipelineSpec[];
  diagnostics?: Diagnostic[];
  message?: string;
  /** Which pipeline the page is about. */
  about?: number;
}

const hash = (text: string): string => {
  let out = "";
  for (let round = 0; out.length < 64; round++) {
    let h = 2166136261 ^ round;
    for (const char of text) h = Math.imul(h ^ char.charCodeAt(0), 16777619);
    out += (h >>> 0).toString(16).padStart(8, "0");
  }
  return out.slice(0, 64);
};

function edgesOf(spec: StepSpec, to: number, index: (name: string) => number): EdgeView[] {
  const kinds = new Map<number, Set<EdgeKind>>();
  const add = (name: string, kind: EdgeKind) => {
    const from = index(name);
    kinds.set(from, (kinds.get(from) ?? new Set()).add(kind));
  };
  for (const name of spec.values ?? []) add(name, "value");
  if (spec.vol && spec.vol !== "source") add(spec.vol, "volume");
  for (const value of Object.values(spec.env ?? {})) if (typeof value !== "string") add(value.step, "env");
  for (const name of spec.after ?? []) add(name, "order");
  return [...kinds].map(([from, found]) => ({ from, to, kinds: [...found] }));
}

function stepOf(
  spec: StepSpec,
  index: number,
  pipeline: number,
  line: number,
  find: (name: string) => number,
  home: string,
): StepView {
  const state = spec.state ?? "waiting";
  const started = spec.from !== undefined;
  const over = spec.to !== undefined;
  return {
    index,
    name: spec.name,
    pipeline,
    line,
    image: spec.image ?? "alpine:3.22",
    image_id: started ? `sha256:${hash(spec.image ?? "alpine")}` : null,
    run: spec.run,
    done: spec.done ?? null,
    uses_source: spec.vol === "source",
    volume_from: spec.vol === undefined || spec.vol === "source" ? (spec.vol ?? null) : `${home}/${spec.vol}`,
    env: Object.entries(spec.env ?? {}).map(([name, value]) => ({
      name,
      from: typeof value === "string" ? null : find(value.step),
      literal: typeof value === "string" ? value : null,
    })),
    state,
    code: spec.code ?? (state === "passed" ? 0 : null),
    reason: spec.reason ?? null,
    note: null,
    attempt: spec.attempt ?? 1,
    started_at: started ? secondsAgo(spec.from!) : null,
    done_started_at: spec.done_from === undefined ? null : secondsAgo(spec.done_from),
    finished_at: over ? secondsAgo(spec.to!) : null,
    value:
      spec.value === undefined
        ? null
        : { length: new TextEncoder().encode(spec.value).length, sha256: hash(spec.value) },
    logs: started
      ? [
          { attempt: 1, phase: "run", length: 0, complete: over || spec.done_from !== undefined },
          ...(spec.done_from === undefined
            ? []
            : [{ attempt: 1, phase: "done" as const, length: 0, complete: over }]),
        ]
      : [],
  };
}

export function buildRun(spec: RunSpec): RunView {
  const about = spec.about ?? 0;
  const all = spec.pipelines.flatMap((pipeline, at) => pipeline.steps.map((step) => ({ step, at })));
  const steps: StepView[] = [];
  const edges: EdgeView[] = [];
  for (const [index, { step, at }] of all.entries()) {
    const find = (name: string) => all.findIndex((one) => one.step.name === name && one.at === at);
    steps.push(stepOf(step, index, at, 3 + index * 4, find, spec.pipelines[at]!.name));
    edges.push(...edgesOf(step, index, find));
  }
  const gates: GateView[] = [];
  const pipelines = spec.pipelines.map((pipeline, index): PipelineView => {
    let gate: number | null = null;
    if (pipeline.gate) {
      gate = gates.length;
      const state = pipeline.gate;
      gates.push({
        index: gate,
        pipeline: index,
        step: null,
        state,
        since: state === "closed" ? null : secondsAgo(95),
        by: state === "open" ? "maren" : null,
        at: state === "open" ? secondsAgo(40) : null,
        note: pipeline.note ?? null,
      });
    }
    return {
      index,
      name: pipeline.name,
      number: pipeline.number,
      account: "local",
      state: pipeline.state,
      after: pipeline.after ?? [],
      gate,
      this: index === about,
      href: pipeline.number === null ? null : `/results/local/${pipeline.name}/${pipeline.number}`,
    };
  });
  const { summary, repository } = spec;
  const over = summary.ended_at !== null;
  return {
    account: "local",
    pipeline: spec.pipelines[about]!.name,
    number: summary.number,
    newest: summary.number,
    version: 1,
    repository: { name: repository, url: `https://github.com/${repository}` },
    commit: {
      sha: summary.sha,
      url: `https://github.com/${repository}/commit/${summary.sha}`,
      title: summary.title,
      message: spec.message ?? summary.title,
      author: summary.author,
    },
    summary,
    file: `${spec.pipelines[about]!.name}.dockercise.yaml`,
    diagnostics: spec.diagnostics ?? [],
    pipelines,
    steps,
    edges,
    gates,
    stop: null,
    can: { cancel: !over, rerun: over },
    reruns: [],
  };
}

export function summary(part: Partial<RunSummary> & Pick<RunSummary, "number" | "state">): RunSummary {
  return {
    event: "push",
    git_ref: "refs/heads/main",
    branch: "main",
    tag: null,
    sha: hash(`commit ${part.number}`).slice(0, 40),
    title: "Bake the scones at 220 °C",
    author: "maren",
    created_at: secondsAgo(130),
    started_at: secondsAgo(128),
    ended_at: null,
    busy_ms: 90_000,
    rerun_of: null,
    ...part,
  };
}
