/** Every state in words, with its mark and tone; and which of them are final. */
import type { State, StepLine, StepState } from "../api/types.ts";

export type AnyState = State | StepState;
export type Tone = "good" | "bad" | "busy" | "click" | "late" | "infra" | "quiet";
export type Mark =
  | "check"
  | "cross"
  | "spin"
  | "hand"
  | "clock"
  | "plug"
  | "stop"
  | "skip"
  | "dash"
  | "dots"
  | "save";

export interface Look {
  word: string;
  mark: Mark;
  tone: Tone;
}

const RUN: Record<State, Look> = {
  queued: { word: "queued", mark: "dots", tone: "quiet" },
  running: { word: "running", mark: "spin", tone: "busy" },
  waiting: { word: "waits for a click", mark: "hand", tone: "click" },
  passed: { word: "passed", mark: "check", tone: "good" },
  failed: { word: "failed", mark: "cross", tone: "bad" },
  "timed-out": { word: "timed out", mark: "clock", tone: "late" },
  infra: { word: "infra failure", mark: "plug", tone: "infra" },
  cancelled: { word: "cancelled", mark: "stop", tone: "quiet" },
  "not-needed": { word: "not needed", mark: "dash", tone: "quiet" },
};

const STEP: Record<StepState, Look> = {
  waiting: { word: "waiting", mark: "dots", tone: "quiet" },
  "at-gate": { word: "waits for a click", mark: "hand", tone: "click" },
  ready: { word: "ready", mark: "dots", tone: "busy" },
  running: { word: "running", mark: "spin", tone: "busy" },
  "running-done": { word: "running done", mark: "spin", tone: "busy" },
  recording: { word: "recording", mark: "save", tone: "busy" },
  passed: RUN.passed,
  failed: RUN.failed,
  "timed-out": RUN["timed-out"],
  infra: RUN.infra,
  cancelled: RUN.cancelled,
  skipped: { word: "skipped", mark: "skip", tone: "quiet" },
  "not-needed": RUN["not-needed"],
};

/** A state that this page does not know is shown as it is, never as a success. */
const unknown = (state: string): Look => ({ word: state, mark: "dash", tone: "infra" });

export const runLook = (state: State): Look => (Object.hasOwn(RUN, state) ? RUN[state] : unknown(state));
export const stepLook = (state: StepState): Look =>
  Object.hasOwn(STEP, state) ? STEP[state] : unknown(state);

const MOVING: ReadonlySet<string> = new Set<AnyState>([
  "queued",
  "running",
  "waiting",
  "at-gate",
  "ready",
  "running-done",
  "recording",
]);

/** Will it never change again? */
export const isOver = (state: AnyState): boolean => !MOVING.has(state);

/** Is a container of it running, or its output being stored? */
export const isActive = (state: StepState): boolean =>
  state === "running" || state === "running-done" || state === "recording";

/** The states that a person can filter runs by. */
export const FILTER_STATES = Object.keys(RUN) as State[];

/** The words for a step's end, with the exit code where it says something. */
export function stepWords(state: StepState, code: number | null): string {
  const { word } = stepLook(state);
  return state === "failed" && code !== null ? `${word} (${code})` : word;
}

type Ended = Pick<StepLine, "state" | "code" | "allow_failure">;

/** Did it end badly, without harm to its pipeline? */
const isAllowed = (step: Ended): boolean =>
  step.allow_failure && (step.state === "failed" || step.state === "timed-out" || step.state === "infra");

/** As `stepLook`, for a step whose failure may be allowed. */
export const lineLook = (step: Ended): Look => {
  const look = stepLook(step.state);
  return isAllowed(step) ? { ...look, tone: "late" } : look;
};

/** As `stepWords`, for a step whose failure may be allowed. */
export const lineWords = (step: Ended): string => {
  const words = stepWords(step.state, step.code);
  return isAllowed(step) ? `${words}, allowed` : words;
};
