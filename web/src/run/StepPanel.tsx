/** The chosen step: what it wrote, what it gave, and why. */
import * as Tabs from "@radix-ui/react-tabs";
import type { LogHead, RunView, StepView } from "../api/types.ts";
import { LogTab } from "../log/LogTab.tsx";
import { StateBadge } from "../ui/StateMark.tsx";
import { isActive, isOver, stepLook, stepWords } from "../ui/states.ts";
import { duration, ms, ticking, useNow } from "../ui/time.ts";
import type { Tab, View } from "./address.ts";
import { DetailsTab, why } from "./DetailsTab.tsx";
import css from "./StepPanel.module.css";
import { ValueTab } from "./ValueTab.tsx";

interface Props {
  run: RunView;
  step: StepView;
  view: View;
  change: (change: Partial<View>) => void;
  select: (step: number) => void;
}

function Took({ step }: { step: StepView }) {
  const now = useNow(isActive(step.state));
  const from = ms(step.started_at);
  if (from === null) return null;
  const to = ms(step.finished_at);
  return <span className={css.took}>{to === null ? ticking(now - from) : duration(to - from)}</span>;
}

/** The logs that there are, and the one that a running step is about to write. */
function logsOf(step: StepView): LogHead[] {
  if (!isActive(step.state)) return step.logs;
  const attempt = Math.max(1, step.attempt);
  const phase = step.done_started_at === null ? "run" : "done";
  const there = step.logs.some((log) => log.attempt === attempt && log.phase === phase);
  return there ? step.logs : [...step.logs, { attempt, phase, length: 0, complete: false }];
}

/** The log that the address means, or the newest: of `done` where that is what goes on or what failed. */
function chosenLog(step: StepView, logs: LogHead[], view: View): LogHead | undefined {
  const last = Math.max(0, ...logs.map((log) => log.attempt));
  const attempt = view.attempt ?? last;
  const inDone = step.done_started_at !== null && (isActive(step.state) || step.state === "failed");
  const phase = view.phase ?? (inDone ? "done" : "run");
  const ofAttempt = logs.filter((log) => log.attempt === attempt);
  return ofAttempt.find((log) => log.phase === phase) ?? ofAttempt[0] ?? logs[0];
}

export function StepPanel({ run, step, view, change, select }: Props) {
  const look = stepLook(step.state);
  const logs = logsOf(step);
  const log = chosenLog(step, logs, view);
  const several = logs.some((one) => one.attempt !== logs[0]?.attempt);
  return (
    <section className={css.panel} aria-label={`step ${step.name}`}>
      <header className={css.head}>
        <h2>{step.name}</h2>
        <StateBadge look={look} word={stepWords(step.state, step.code)} />
        <Took step={step} />
      </header>
      {step.reason && <p className={css.reason}>{step.reason}</p>}
      {step.note && <p className={css.reason}>{step.note}</p>}
      <Tabs.Root className={css.tabs} value={view.tab} onValueChange={(tab) => change({ tab: tab as Tab })}>
        <div className={css.bar}>
          <Tabs.List className={css.list} aria-label="what to show of the step">
            <Tabs.Trigger value="log">Log</Tabs.Trigger>
            <Tabs.Trigger value="value">Value</Tabs.Trigger>
            <Tabs.Trigger value="details">Details</Tabs.Trigger>
          </Tabs.List>
          {view.tab === "log" && logs.length > 1 && log && (
            <fieldset className={css.phases}>
              <legend className="visually-hidden">which log</legend>
              {logs.map((one) => (
                <button
                  key={`${one.attempt}.${one.phase}`}
                  type="button"
                  aria-pressed={one === log}
                  onClick={() => change({ attempt: one.attempt, phase: one.phase, line: null })}
                >
                  {several ? `${one.attempt}: ${one.phase}` : one.phase}
                </button>
              ))}
            </fieldset>
          )}
        </div>
        <Tabs.Content className={css.content} value="log" tabIndex={-1}>
          {log ? (
            <LogTab
              key={`${run.account}/${run.pipeline}/${run.number}/${step.index}/${log.attempt}/${log.phase}`}
              id={{
                account: run.account,
                pipeline: run.pipeline,
                number: run.number,
                step: step.index,
                attempt: log.attempt,
                phase: log.phase,
              }}
              name={step.name}
              fromEnd={!log.complete || step.state === "failed"}
              view={view}
              change={change}
            />
          ) : (
            <div className={css.none}>
              <p>
                {isOver(step.state)
                  ? "There is no log: the step did not start."
                  : `There is no log yet: ${why(run, step)}.`}
              </p>
              <p>It {isOver(step.state) ? "would have run" : "will run"}</p>
              <pre>{step.run}</pre>
            </div>
          )}
        </Tabs.Content>
        <Tabs.Content className={css.content} value="value" tabIndex={-1}>
          <ValueTab id={run} step={step} />
        </Tabs.Content>
        <Tabs.Content className={css.content} value="details" tabIndex={-1}>
          <DetailsTab run={run} step={step} select={select} />
        </Tabs.Content>
      </Tabs.Root>
    </section>
  );
}
