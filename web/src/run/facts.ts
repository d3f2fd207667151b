/** What a step's file says of it, in words. Pure. */
import type { StepView } from "../api/types.ts";
import { duration, size } from "../ui/time.ts";

/** `1.5 CPUs`, from thousandths. */
export function cpus(thousandths: number): string {
  const number = thousandths / 1000;
  return `${number} ${number === 1 ? "CPU" : "CPUs"}`;
}

const seconds = (n: number) => duration(n * 1000).replace(/\.0 s$/, " s");

/** What it may use. */
export function limits(step: StepView): string[] {
  const found: string[] = [];
  if (step.cpus !== null) found.push(cpus(step.cpus));
  if (step.memory !== null) found.push(`${size(step.memory)} of memory`);
  if (step.timeout_seconds !== null) found.push(`${seconds(step.timeout_seconds)} for run`);
  const done = step.done?.timeout_seconds ?? null;
  if (done !== null) found.push(`${seconds(done)} for done`);
  return found;
}

/** The filters of `when`, each as `what: globs`. */
export function filters(step: StepView): string[] {
  const { when } = step;
  if (when === null) return [];
  const lists: [string, string[]][] = [
    ["branch", when.branches],
    ["tag", when.tags],
    ["event", when.events],
    ["changed paths", when.paths],
  ];
  return lists.filter(([, globs]) => globs.length > 0).map(([what, globs]) => `${what}: ${globs.join(", ")}`);
}

/** How what it rests on must have ended; null for the usual. */
export function runsWhen(step: StepView): string | null {
  const rests = step.values.length + step.after.length + step.after_pipelines.length + step.volume.length > 0;
  const what = rests ? "what it rests on" : "the rest of its pipeline";
  if (step.status === "failure") return `only where ${what} did not pass`;
  return step.status === "always" ? `once ${what} is over, however that ended` : null;
}

/** `every 5 s`, where `done` is tried again. */
export function polls(step: StepView): string | null {
  const every = step.done?.every_seconds ?? null;
  return every === null ? null : `tried every ${seconds(every)} until it ends with 0`;
}
