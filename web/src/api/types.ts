/**
 * The API's answers: `schema.ts`, which is made from the server's description, with the closed lists of words that its
 * plain strings stand for.
 */
import type { components } from "./schema.ts";

type Schemas = components["schemas"];
/** A type with some of its fields told more exactly. */
type Exact<T, Fields extends Partial<Record<keyof T, unknown>>> = Omit<T, keyof Fields> & Fields;

/** Of a pipeline's run; `waiting` is for a click. */
export type State = Schemas["PipelineShown"];

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

export type RunEvent = "push" | "pull_request" | "tag" | "schedule" | "manual";
export type EdgeKind = "value" | "volume" | "env" | "image" | "order";
export type Phase = "run" | "done";
export type Stream = "stdout" | "stderr" | "remark";

export type RunSummary = Exact<Schemas["RunSummary"], { event: RunEvent }>;
export type PipelineRow = Exact<Schemas["PipelineLine"], { runs: RunSummary[] }>;
export type RunPage = Exact<Schemas["RunList"], { runs: RunSummary[] }>;
export type Related = Schemas["RelatedView"];
export type Diagnostic = Exact<Schemas["DiagnosticView"], { severity: "error" | "warning" }>;
export type PipelineView = Schemas["PipelineView"];
export type LogHead = Exact<Schemas["LogView"], { phase: Phase }>;
/** A step as the graph shows it. */
export type StepLine = Exact<Schemas["StepLine"], { state: StepState; kind: "run" | "image" | "build" }>;
/** Everything about a step. */
export type StepView = Exact<
  Schemas["StepView"],
  { step: StepLine; status: "success" | "failure" | "always"; logs: LogHead[] }
>;
export type EnvView = Schemas["EnvView"];
export type FileView = Schemas["FileView"];
export type RepositoryLine = Exact<
  Schemas["RepositoryLine"],
  { standing: "ok" | "archived" | "gone" | "refused" | "no-hook" }
>;
export type Me = Schemas["MeView"];
export type Scope = Schemas["Scope"];
export type TokenView = Schemas["TokenView"];
export type NewToken = Schemas["NewToken"];
export type Audit = Schemas["Audit"];
export type EdgeView = Exact<Schemas["EdgeView"], { kinds: EdgeKind[] }>;
export type GateView = Exact<
  Schemas["GateView"],
  { state: "closed" | "waiting" | "open" | "expired" | "void" }
>;
export type StopView = Exact<Schemas["StopView"], { why: "cancelled" | "timed-out" | "not-taken" }>;
export type RunView = Exact<
  Schemas["RunView"],
  {
    summary: RunSummary;
    diagnostics: Diagnostic[];
    steps: StepLine[];
    edges: EdgeView[];
    gates: GateView[];
    stop: StopView | null;
  }
>;
export type Frame = Exact<Schemas["FrameView"], { stream: Stream }>;
export type LogPage = Exact<Schemas["LogPage"], { frames: Frame[] }>;
export type Secrets = Schemas["Secrets"];
/** How a pipeline is started by hand. */
export type StartView = Schemas["StartView"];
export type InputView = Schemas["InputView"];
export type SecretView = Schemas["SecretView"];
/** What goes on for a step right now. */
export interface Notice {
  step: number;
  words: string;
}
/** Where the thing is that was clicked on. */
export type Place = Schemas["Place"];
