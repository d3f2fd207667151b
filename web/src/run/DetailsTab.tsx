/** Why a step is as it is, what it runs, and when. */
import type { ReactNode } from "react";
import type { RunView, StepView } from "../api/types.ts";
import { safeHref } from "../log/links.ts";
import { isActive, stepWords } from "../ui/states.ts";
import { duration, ms, ticking, useNow } from "../ui/time.ts";
import css from "./DetailsTab.module.css";

interface Props {
  run: RunView;
  step: StepView;
  select: (step: number) => void;
}

/** Steps that this one still waits for. */
function waitsFor(run: RunView, step: StepView): StepView[] {
  const before = run.edges.filter((edge) => edge.to === step.index).map((edge) => edge.from);
  return run.steps.filter((one) => before.includes(one.index) && one.state !== "passed");
}

/** In one sentence. */
export function why(run: RunView, step: StepView): string {
  if (step.reason) return step.reason;
  const waiting = waitsFor(run, step).map((one) => one.name);
  if (step.state === "waiting" && waiting.length > 0) return `waits for ${waiting.join(", ")}`;
  if (step.state === "at-gate") return "everything it uses is there; a person must click";
  if (step.state === "ready") return "everything it uses is there; its container is about to start";
  return stepWords(step.state, step.code);
}

function Row({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className={css.row}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Each phase's name and milliseconds; the last may still go on. */
export function phases(step: StepView, now: number): { name: string; millis: number; going: boolean }[] {
  const started = ms(step.started_at);
  if (started === null) return [];
  const done = ms(step.done_started_at);
  const end = ms(step.finished_at);
  const last = end ?? now;
  const going = end === null;
  if (done === null) return [{ name: "run", millis: last - started, going }];
  return [
    { name: "run", millis: done - started, going: false },
    { name: "done", millis: last - done, going },
  ];
}

export function DetailsTab({ run, step, select }: Props) {
  const now = useNow(isActive(step.state));
  const pipeline = run.pipelines.find((one) => one.index === step.pipeline);
  const file = pipeline?.this === false ? null : run.file;
  const source = file ? safeHref(`${run.repository.url}/blob/${run.commit.sha}/${file}#L${step.line}`) : null;
  const place = `${file ?? pipeline?.name}:${step.line}`;
  const volume = run.steps.find((one) => {
    const home = run.pipelines.find((other) => other.index === one.pipeline);
    return `${home?.name}/${one.name}` === step.volume_from;
  });
  const to = (target: StepView) => (
    <button type="button" className={css.step} onClick={() => select(target.index)}>
      {target.name}
    </button>
  );
  return (
    <div className={css.tab}>
      <dl className={css.list}>
        <Row label="why">
          {why(run, step)}
          {step.note && <div className={css.note}>{step.note}</div>}
        </Row>
        <Row label="run">
          <pre>{step.run}</pre>
        </Row>
        {step.done !== null && (
          <Row label="done">
            <pre>{step.done}</pre>
          </Row>
        )}
        <Row label="image">
          <code>{step.image}</code>
          {step.image_id && <code className={css.id}>{step.image_id}</code>}
        </Row>
        <Row label="volume">
          {step.volume_from === null && "starts empty"}
          {step.volume_from === "source" && (
            <>
              <code>source</code>: the repository at <code>{run.commit.sha.slice(0, 8)}</code>
            </>
          )}
          {step.volume_from !== null && step.volume_from !== "source" && (
            <>a copy of {volume ? to(volume) : <code>{step.volume_from}</code>}</>
          )}
        </Row>
        {step.env.length > 0 && (
          <Row label="environment">
            <ul className={css.env}>
              {step.env.map((one) => {
                const from = run.steps.find((other) => other.index === one.from);
                return (
                  <li key={one.name}>
                    <code>{one.name}</code>
                    <span>
                      {from ? <>value of {to(from)}</> : <code className={css.literal}>{one.literal}</code>}
                    </span>
                  </li>
                );
              })}
            </ul>
          </Row>
        )}
        <Row label="time">
          {phases(step, now).map((phase) => (
            <div key={phase.name}>
              {phase.name} {phase.going ? ticking(phase.millis) : duration(phase.millis)}
            </div>
          ))}
          {step.started_at === null && "did not start"}
        </Row>
        <Row label="attempts">{step.started_at === null ? 0 : step.attempt}</Row>
        <Row label="defined at">{source ? <a href={source}>{place}</a> : place}</Row>
      </dl>
    </div>
  );
}
