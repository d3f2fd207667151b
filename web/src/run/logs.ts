/** Which logs a step has, and which of them is shown. Pure. */
import type { LogHead, StepLine, StepView } from "../api/types.ts";
import { isActive, isOver } from "../ui/states.ts";
import type { View } from "./address.ts";

export const logKey = (log: Pick<LogHead, "attempt" | "phase" | "service">): string =>
  `${log.attempt}/${log.phase}/${log.service ?? ""}`;

/**
 * The logs of a step. Its own follow from its line alone, so that they need not wait for its details, which know those
 * of its services; a running step is about to write one.
 */
export function logsOf(line: StepLine, details: StepView | undefined): LogHead[] {
  const found = new Map((details?.logs ?? []).map((log) => [logKey(log), log]));
  const add = (attempt: number, phase: LogHead["phase"], complete: boolean) => {
    const log = { attempt, phase, service: null, length: 0, complete };
    if (!found.has(logKey(log))) found.set(logKey(log), log);
  };
  if (line.started_at !== null || isActive(line.state)) {
    const last = Math.max(1, line.attempt);
    const over = isOver(line.state);
    for (let attempt = 1; attempt <= last; attempt++) add(attempt, "run", over || attempt < last);
    if (line.done_started_at !== null) add(last, "done", over);
  }
  const rank = (log: LogHead) => (log.phase === "run" ? 0 : 1) + (log.service === null ? 0 : 2);
  return [...found.values()].toSorted(
    (a, b) => a.attempt - b.attempt || rank(a) - rank(b) || (a.service ?? "").localeCompare(b.service ?? ""),
  );
}

/** The log that the address means, or the newest: of `done` where that is what goes on or what failed. */
export function chosenLog(line: StepLine, logs: LogHead[], view: View): LogHead | undefined {
  const last = Math.max(0, ...logs.map((log) => log.attempt));
  const attempt = view.attempt ?? last;
  const inDone = line.done_started_at !== null && (isActive(line.state) || line.state === "failed");
  const phase = view.phase ?? (inDone ? "done" : "run");
  const ofAttempt = logs.filter((log) => log.attempt === attempt && log.service === view.service);
  return ofAttempt.find((log) => log.phase === phase) ?? ofAttempt[0] ?? logs[0];
}

/** What a log is called among a step's others. */
export function logName(log: LogHead, several: boolean): string {
  const name = log.service === null ? log.phase : log.phase === "run" ? log.service : `${log.service} (done)`;
  return several ? `${log.attempt}: ${name}` : name;
}
