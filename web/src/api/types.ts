/** The API's answers, as the server gives them. */

/** Of a pipeline's run; `waiting` is for a click. */
export type State =
  | "queued"
  | "running"
  | "waiting"
  | "passed"
  | "failed"
  | "timed-out"
  | "infra"
  | "cancelled"
  | "not-needed";

export type StepState =
  | "waiting"
  | "at-gate"
  | "ready"
  | "running"
  | "running-done"
  | "recording"
  | "passed"
  | "failed"
  | "timed-out"
  | "infra"
  | "cancelled"
  | "skipped"
  | "not-needed";

export type RunEvent = "push" | "tag" | "manual";
export type EdgeKind = "value" | "volume" | "env" | "order";
export type Phase = "run" | "done";
export type Stream = "stdout" | "stderr" | "remark";

export interface RunSummary {
  number: number;
  state: State;
  event: RunEvent;
  git_ref: string;
  branch: string | null;
  tag: string | null;
  sha: string;
  /** First line of the commit's message. */
  title: string;
  /** Login or name. */
  author: string;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  /** Milliseconds of work: waiting at gates and in queues does not count. */
  busy_ms: number;
  rerun_of: number | null;
}

export interface PipelineRow {
  account: string;
  pipeline: string;
  repository: string;
  /** Up to 12, newest first. */
  runs: RunSummary[];
}

export interface RunPage {
  account: string;
  pipeline: string;
  repository: string;
  runs: RunSummary[];
  more: boolean;
}

/** A piece of a file, in bytes. */
export interface Span {
  offset: number;
  len: number;
}

/** Another place that belongs to a problem. */
export interface Related {
  label: string;
  file: string;
  line: number;
  column: number;
  span: Span;
  text: string;
  cut: number;
}

/** One problem in a pipeline file; `pipeline/src/diagnostic.rs` as it is. */
export interface Diagnostic {
  severity: "error" | "warning";
  message: string;
  file: string;
  line: number;
  /** In characters, from 1. */
  column: number;
  span: Span;
  /** The line, or the part of it around the caret. */
  text: string;
  /** How many characters were cut off in front of `text`. */
  cut: number;
  help: string | null;
  related: Related[];
}

export interface PipelineView {
  index: number;
  name: string;
  number: number | null;
  account: string;
  state: State;
  /** Indexes of pipelines. */
  after: number[];
  gate: number | null;
  /** The pipeline that this page is about. */
  this: boolean;
  href: string | null;
}

export interface LogHead {
  attempt: number;
  phase: Phase;
  /** Bytes of frames so far. */
  length: number;
  complete: boolean;
}

export interface EnvView {
  name: string;
  /** Index of a step. */
  from: number | null;
  literal: string | null;
}

export interface StepView {
  index: number;
  name: string;
  /** Index of a pipeline. */
  pipeline: number;
  /** In the pipeline's file, from 1. */
  line: number;
  image: string;
  image_id: string | null;
  run: string;
  done: string | null;
  uses_source: boolean;
  /** `source` or a step's name. */
  volume_from: string | null;
  env: EnvView[];
  state: StepState;
  code: number | null;
  /** Why, in words. */
  reason: string | null;
  note: string | null;
  attempt: number;
  started_at: string | null;
  done_started_at: string | null;
  finished_at: string | null;
  value: { length: number; sha256: string } | null;
  logs: LogHead[];
}

export interface EdgeView {
  from: number;
  to: number;
  kinds: EdgeKind[];
}

export interface GateView {
  index: number;
  pipeline: number;
  /** Nothing: it guards the whole pipeline. */
  step: number | null;
  state: "closed" | "waiting" | "open" | "void";
  since: string | null;
  by: string | null;
  at: string | null;
  note: string | null;
}

export interface RunView {
  account: string;
  pipeline: string;
  number: number;
  /** The newest run's number of this pipeline. */
  newest: number;
  /** Grows with each change. */
  version: number;
  repository: { name: string; url: string };
  commit: { sha: string; url: string; title: string; message: string; author: string };
  summary: RunSummary;
  /** Path of the pipeline's file. */
  file: string;
  diagnostics: Diagnostic[];
  pipelines: PipelineView[];
  steps: StepView[];
  edges: EdgeView[];
  gates: GateView[];
  stop: { why: "cancelled" | "timed-out"; by: string | null } | null;
  can: { cancel: boolean; rerun: boolean };
  reruns: number[];
}

export interface Frame {
  /** Milliseconds since 1970. */
  at: number;
  stream: Stream;
  /** Base64. */
  data: string;
  /** Where this frame starts. */
  offset: number;
}

export interface LogPage {
  frames: Frame[];
  /** The offset to ask for next. */
  next: number;
  length: number;
  complete: boolean;
}

/** What a click, a cancel or a rerun answers. */
export interface Done {
  account: string;
  pipeline: string;
  number: number;
  href: string;
}
