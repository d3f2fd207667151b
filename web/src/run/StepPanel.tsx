/** The chosen step: what it wrote, what it gave, and why. */
import * as Tabs from "@radix-ui/react-tabs";
import { useStepView } from "../api/queries.ts";
import type { RunView, StepLine, StepView } from "../api/types.ts";
import { LogTab } from "../log/LogTab.tsx";
import { FailureNote } from "../ui/Failure.tsx";
import { StateBadge } from "../ui/StateMark.tsx";
import { isActive, isOver, lineLook, lineWords } from "../ui/states.ts";
import { duration, ms, ticking, useNow } from "../ui/time.ts";
import type { Tab, View } from "./address.ts";
import { DetailsTab, why } from "./DetailsTab.tsx";
import { FilesTab } from "./FilesTab.tsx";
import { chosenLog, logKey, logName, logsOf } from "./logs.ts";
import css from "./StepPanel.module.css";
import { ValueTab } from "./ValueTab.tsx";

interface Props {
  run: RunView;
  step: StepLine;
  view: View;
  change: (change: Partial<View>) => void;
  select: (step: number) => void;
}

function Took({ step }: { step: StepLine }) {
  const now = useNow(isActive(step.state));
  const from = ms(step.started_at);
  if (from === null) return null;
  const to = ms(step.finished_at);
  return <span className={css.took}>{to === null ? ticking(now - from) : duration(to - from)}</span>;
}

/** In place of a log. */
function NoLog({ run, step, details }: { run: RunView; step: StepLine; details: StepView | undefined }) {
  const over = isOver(step.state);
  return (
    <div className={css.none}>
      <p>
        {over
          ? "There is no log: the step did not start."
          : `There is no log yet: ${why(run, step, details)}.`}
      </p>
      {details && details.run !== "" && (
        <>
          <p>It {over ? "would have run" : "will run"}</p>
          <pre>{details.run}</pre>
        </>
      )}
    </div>
  );
}

export function StepPanel({ run, step, view, change, select }: Props) {
  const { account, pipeline, number } = run;
  const query = useStepView({ account, pipeline, number }, step, run.version);
  const details = query.data;
  const logs = logsOf(step, details);
  const log = chosenLog(step, logs, view);
  const several = logs.some((one) => one.attempt !== logs[0]?.attempt);
  const files = details ? details.files.length + details.left_out.length : 0;
  const reason = details?.step.state === step.state ? details.step.reason : step.reason;
  return (
    <section className={css.panel} aria-label={`step ${step.name}`}>
      <header className={css.head}>
        <h2>{step.name}</h2>
        <StateBadge look={lineLook(step)} word={lineWords(step)} />
        <Took step={step} />
      </header>
      {step.notice && (
        <p className={css.notice} role="status">
          {step.notice}
        </p>
      )}
      {reason && <p className={css.reason}>{reason}</p>}
      {details?.note && <p className={css.reason}>{details.note}</p>}
      {query.error && <FailureNote error={query.error} />}
      <Tabs.Root className={css.tabs} value={view.tab} onValueChange={(tab) => change({ tab: tab as Tab })}>
        <div className={css.bar}>
          <Tabs.List className={css.list} aria-label="what to show of the step">
            <Tabs.Trigger value="log">Log</Tabs.Trigger>
            <Tabs.Trigger value="value">Value</Tabs.Trigger>
            {(files > 0 || (details && details.results.length > 0) || view.tab === "files") && (
              <Tabs.Trigger value="files">Files{files > 0 && ` ${files}`}</Tabs.Trigger>
            )}
            <Tabs.Trigger value="details">Details</Tabs.Trigger>
          </Tabs.List>
          {view.tab === "log" && logs.length > 1 && log && (
            <fieldset className={css.phases}>
              <legend className="visually-hidden">which log</legend>
              {logs.map((one) => (
                <button
                  key={logKey(one)}
                  type="button"
                  aria-pressed={one === log}
                  onClick={() =>
                    change({ attempt: one.attempt, phase: one.phase, service: one.service, line: null })
                  }
                >
                  {logName(one, several)}
                </button>
              ))}
            </fieldset>
          )}
        </div>
        <Tabs.Content className={css.content} value="log" tabIndex={-1}>
          {log ? (
            <LogTab
              key={`${account}/${pipeline}/${number}/${step.index}/${logKey(log)}`}
              id={{
                account,
                pipeline,
                number,
                step: step.index,
                attempt: log.attempt,
                phase: log.phase,
                service: log.service,
              }}
              name={log.service ?? step.name}
              fromEnd={!log.complete || step.state === "failed"}
              view={view}
              change={change}
            />
          ) : (
            <NoLog run={run} step={step} details={details} />
          )}
        </Tabs.Content>
        <Tabs.Content className={css.content} value="value" tabIndex={-1}>
          {details && <ValueTab id={run} step={details} />}
        </Tabs.Content>
        <Tabs.Content className={css.content} value="files" tabIndex={-1}>
          {details && <FilesTab id={run} step={details} />}
        </Tabs.Content>
        <Tabs.Content className={css.content} value="details" tabIndex={-1}>
          {details && <DetailsTab run={run} line={step} step={details} select={select} />}
        </Tabs.Content>
      </Tabs.Root>
    </section>
  );
}
