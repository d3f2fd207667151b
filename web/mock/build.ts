/** Makes runs for the mock in few words: a step's line names what it uses, the edges follow from that. */
import type {
  Diagnostic,
  EdgeKind,
  EdgeView,
  EnvView,
  GateView,
  LogHead,
  PipelineView,
  RunSummary,
  RunView,
  State,
  StepLine,
  StepState,
  StepView,
} from "../src/api/types.ts";

export const NOW = Date.now();
/** A time so many seconds before the mock was started. */
export const secondsAgo = (seconds: number): string => new Date(NOW - seconds * 1000).toISOString();

/** A variable: text, a step's value, or one of the account's secrets. */
type EnvSpec = Record<string, { step: string } | { secret: string } | string>;

/** What of a step's details a scenario says itself. */
type Told = Partial<
  Pick<
    StepView,
    | "when"
    | "status"
    | "secret"
    | "results"
    | "files"
    | "left_out"
    | "cache"
    | "timeout_seconds"
    | "cpus"
    | "memory"
    | "user"
    | "workdir"
    | "note"
  >
>;

export interface StepSpec extends Told {
  name: string;
  image?: string;
  run: string;
  done?: string;
  done_every?: number;
  /** `source` or a step; or what stands at which path. */
  vol?: string | Record<string, string>;
  /** Steps whose value `run` reads as a file. */
  values?: string[];
  env?: EnvSpec;
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
  allow_failure?: boolean;
  notice?: string;
  kind?: StepLine["kind"];
  /** The step whose image it runs in. */
  image_of?: string;
  build?: { tags: string[]; push: boolean; args?: EnvSpec };
  services?: { name: string; image: string; env?: EnvSpec; ready?: string }[];
}

export interface PipelineSpec {
  name: string;
  number: number | null;
  state: State;
  after?: number[];
  gate?: GateView["state"];
  note?: string;
  /** Who may click. */
  allowed?: string[];
  steps: StepSpec[];
}

/** Everything about a step but its line. */
type Details = Omit<StepView, "step">;

/** A run with all that is asked for step by step. */
export interface MockRun extends RunView {
  details: Details[];
}

export interface RunSpec {
  summary: RunSummary;
  repository: string;
  pipelines: PipelineSpec[];
  diagnostics?: Diagnostic[];
  message?: string;
  /** The time at which it was started. */
  cron?: string;
  /** Which pipeline the page is about. */
  about?: number;
}

export const hash = (text: string): string => {
  let out = "";
  for (let round = 0; out.length < 64; round++) {
    let h = 2166136261 ^ round;
    for (const char of text) h = Math.imul(h ^ char.charCodeAt(0), 16777619);
    out += (h >>> 0).toString(16).padStart(8, "0");
  }
  return out.slice(0, 64);
};

const mountsOf = (vol: StepSpec["vol"]): [string, string][] => {
  if (vol === undefined) return [];
  return typeof vol === "string" ? [[".", vol]] : Object.entries(vol);
};

function edgesOf(spec: StepSpec, to: number, index: (name: string) => number): EdgeView[] {
  const kinds = new Map<number, Set<EdgeKind>>();
  const add = (name: string, kind: EdgeKind) => {
    const from = index(name);
    kinds.set(from, (kinds.get(from) ?? new Set()).add(kind));
  };
  for (const name of spec.values ?? []) add(name, "value");
  for (const [, from] of mountsOf(spec.vol)) if (from !== "source") add(from, "volume");
  const envs = [spec.env, spec.build?.args, ...(spec.services ?? []).map((one) => one.env)];
  for (const value of envs.flatMap((env) => Object.values(env ?? {})))
    if (typeof value !== "string" && "step" in value) add(value.step, "env");
  if (spec.image_of) add(spec.image_of, "image");
  for (const name of spec.after ?? []) add(name, "order");
  return [...kinds].map(([from, found]) => ({ from, to, kinds: [...found] }));
}

function envOf(env: EnvSpec | undefined, find: (name: string) => number): EnvView[] {
  return Object.entries(env ?? {}).map(([name, value]) => ({
    name,
    from: typeof value !== "string" && "step" in value ? find(value.step) : null,
    literal: typeof value === "string" ? value : null,
    store: typeof value !== "string" && "secret" in value ? { kind: "secret", name: value.secret } : null,
  }));
}

function logsOf(spec: StepSpec): LogHead[] {
  if (spec.from === undefined) return [];
  const over = spec.to !== undefined;
  const inDone = spec.done_from !== undefined;
  const log = (phase: LogHead["phase"], service: string | null, complete: boolean): LogHead => ({
    attempt: spec.attempt ?? 1,
    phase,
    service,
    length: 0,
    complete,
  });
  return [
    log("run", null, over || inDone),
    ...(inDone ? [log("done", null, over)] : []),
    ...(spec.services ?? []).map((one) => log("run", one.name, over)),
  ];
}

function lineOf(spec: StepSpec, index: number, pipeline: number): StepLine {
  const state = spec.state ?? "waiting";
  const started = spec.from !== undefined;
  return {
    index,
    name: spec.name,
    pipeline,
    kind: spec.kind ?? (spec.build ? "build" : "run"),
    state,
    code: spec.code ?? (state === "passed" ? 0 : null),
    reason: spec.reason ?? null,
    allow_failure: spec.allow_failure ?? false,
    attempt: spec.attempt ?? (started ? 1 : 0),
    started_at: started ? secondsAgo(spec.from!) : null,
    done_started_at: spec.done_from === undefined ? null : secondsAgo(spec.done_from),
    finished_at: spec.to === undefined ? null : secondsAgo(spec.to),
    notice: spec.notice ?? null,
  };
}

function detailsOf(spec: StepSpec, line: number, find: (name: string) => number, file: string): Details {
  const started = spec.from !== undefined;
  const image = spec.image ?? "alpine:3.22";
  return {
    line,
    file,
    run: spec.kind === "image" || spec.build ? "" : spec.run,
    done:
      spec.done === undefined
        ? null
        : { run: spec.done, every_seconds: spec.done_every ?? null, timeout_seconds: null },
    build: spec.build
      ? {
          context: ".",
          file: "Dockerfile",
          args: envOf(spec.build.args, find),
          tags: spec.build.tags,
          push: spec.build.push,
        }
      : null,
    image: spec.build
      ? null
      : {
          name: spec.image_of ? `{${spec.image_of}}` : image,
          step: spec.image_of ? find(spec.image_of) : null,
          id: started ? `sha256:${hash(image)}` : null,
          digest:
            started && !spec.image_of ? `${image.split(":")[0]}@sha256:${hash(`digest ${image}`)}` : null,
        },
    volume: mountsOf(spec.vol).map(([path, from]) => ({ path, step: from === "source" ? null : find(from) })),
    env: envOf(spec.env, find),
    values: (spec.values ?? []).map(find),
    after: (spec.after ?? []).map(find),
    after_pipelines: [],
    when: spec.when ?? null,
    status: spec.status ?? "success",
    secret: spec.secret ?? false,
    results: spec.results ?? [],
    services: (spec.services ?? []).map((one) => ({
      name: one.name,
      image: one.image,
      env: envOf(one.env, find),
      ready: one.ready ?? null,
    })),
    cache: spec.cache ?? null,
    timeout_seconds: spec.timeout_seconds ?? null,
    cpus: spec.cpus ?? null,
    memory: spec.memory ?? null,
    user: spec.user ?? null,
    workdir: spec.workdir ?? null,
    note: spec.note ?? null,
    value:
      spec.value === undefined
        ? null
        : { length: new TextEncoder().encode(spec.value).length, sha256: hash(spec.value) },
    files: spec.files ?? [],
    left_out: spec.left_out ?? [],
    logs: logsOf(spec),
  };
}

export function buildRun(spec: RunSpec): MockRun {
  const about = spec.about ?? 0;
  const all = spec.pipelines.flatMap((pipeline, at) => pipeline.steps.map((step) => ({ step, at })));
  const steps: StepLine[] = [];
  const details: Details[] = [];
  const edges: EdgeView[] = [];
  for (const [index, { step, at }] of all.entries()) {
    const find = (name: string) => all.findIndex((one) => one.step.name === name && one.at === at);
    steps.push(lineOf(step, index, at));
    details.push(detailsOf(step, 3 + index * 4, find, `${spec.pipelines[at]!.name}.dockercise.yaml`));
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
        reason: null,
        allowed: pipeline.allowed ?? [],
        expires_at: pipeline.allowed && state === "waiting" ? secondsAgo(95 - 7 * 86_400) : null,
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
    cron: spec.cron ?? null,
    pull_request: null,
    inputs: [],
    file: `${spec.pipelines[about]!.name}.dockercise.yaml`,
    diagnostics: spec.diagnostics ?? [],
    pipelines,
    steps,
    details,
    edges,
    gates,
    stop: null,
    can: {
      cancel: !over,
      cancel_clean_up: false,
      click: true,
      rerun: over,
      rerun_failed: over && !["passed", "not-needed"].includes(summary.state),
    },
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
