/** Why a step is as it is, what it runs, and when. */
import type { ReactNode } from "react";
import type { EnvView, RunView, StepLine, StepView } from "../api/types.ts";
import { safeHref } from "../log/links.ts";
import { isActive, lineWords } from "../ui/states.ts";
import { duration, ms, ticking, useNow } from "../ui/time.ts";
import css from "./DetailsTab.module.css";
import { filters, limits, polls, runsWhen } from "./facts.ts";

interface Props {
  run: RunView;
  line: StepLine;
  step: StepView;
  select: (step: number) => void;
}

/** Steps that this one still waits for. */
function waitsFor(run: RunView, step: StepLine): StepLine[] {
  const before = new Set(run.edges.filter((edge) => edge.to === step.index).map((edge) => edge.from));
  return run.steps.filter((one) => before.has(one.index) && one.state !== "passed");
}

/** In one sentence. */
export function why(run: RunView, line: StepLine, step: StepView | undefined): string {
  const reason = step?.step.state === line.state ? step.step.reason : line.reason;
  if (reason) return reason;
  const waiting = waitsFor(run, line).map((one) => one.name);
  if (line.state === "waiting" && waiting.length > 0) return `waits for ${waiting.join(", ")}`;
  if (line.state === "at-gate") return "everything it uses is there; a person must click";
  if (line.state === "ready") return "everything it uses is there; its container is about to start";
  return lineWords(line);
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
export function phases(step: StepLine, now: number): { name: string; millis: number; going: boolean }[] {
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

const STORES: Record<string, string> = {
  secret: "secret",
  ssm: "Parameter Store:",
  secretsmanager: "Secrets Manager:",
  withheld: "withheld from this run:",
};

/** Steps by name, each a button that leads there. */
type To = (index: number) => ReactNode;

function Environment({ env, to }: { env: readonly EnvView[]; to: To }) {
  return (
    <ul className={css.env}>
      {env.map((one) => (
        <li key={one.name}>
          <code>{one.name}</code>
          <span>
            {one.from !== null && <>value of {to(one.from)}</>}
            {one.literal !== null && <code className={css.literal}>{one.literal}</code>}
            {one.store && (
              <>
                {STORES[one.store.kind] ?? one.store.kind} <code>{one.store.name}</code>, not shown
              </>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Image({ step, to }: { step: StepView; to: To }) {
  const { image } = step;
  if (!image) return null;
  return (
    <Row label="image">
      {image.step === null ? <code>{image.name}</code> : <>made by {to(image.step)}</>}
      {image.digest && <code className={css.id}>{image.digest}</code>}
      {!image.digest && image.id && <code className={css.id}>{image.id}</code>}
      {step.step.kind === "image" && <div className={css.note}>runs its own entrypoint and command</div>}
    </Row>
  );
}

function Build({ step, to }: { step: StepView; to: To }) {
  const { build } = step;
  if (!build) return null;
  return (
    <Row label="builds">
      an image from <code>{build.file}</code> in <code>{build.context}</code>
      {build.tags.map((tag) => (
        <code key={tag} className={css.id}>
          {tag}
        </code>
      ))}
      {build.tags.length > 0 && (
        <div className={css.note}>{build.push ? "pushed under these names" : "named so, not pushed"}</div>
      )}
      <Environment env={build.args} to={to} />
    </Row>
  );
}

function Volume({ run, step, to }: { run: RunView; step: StepView; to: To }) {
  const sha = run.commit.sha.slice(0, 8);
  return (
    <Row label="volume">
      {step.volume.length === 0 && "starts empty"}
      {step.volume.map((mount) => (
        <div key={mount.path}>
          {(step.volume.length > 1 || mount.path !== ".") && (
            <>
              <code>{mount.path}</code>:{" "}
            </>
          )}
          {mount.step === null ? (
            <>
              <code>source</code>: the repository at <code>{sha}</code>
            </>
          ) : (
            <>a copy of {to(mount.step)}</>
          )}
        </div>
      ))}
    </Row>
  );
}

function Services({ step, to }: { step: StepView; to: To }) {
  return (
    <Row label="services">
      {step.services.map((one) => (
        <div key={one.name} className={css.service}>
          <code>{one.name}</code> runs <code>{one.image}</code>
          {one.ready !== null && (
            <>
              , ready once <code>{one.ready}</code> ends with 0
            </>
          )}
          <Environment env={one.env} to={to} />
        </div>
      ))}
    </Row>
  );
}

function Cache({ step }: { step: StepView }) {
  const { cache } = step;
  if (!cache) return null;
  return (
    <Row label="cache">
      {cache.paths.map((path) => (
        <code key={path} className={css.many}>
          {path}
        </code>
      ))}
      <div className={css.note}>
        found by <code>{cache.key}</code>
        {cache.files.length > 0 && <> and the content of {cache.files.join(", ")}</>}
        {cache.fallback.length > 0 && <>, else by {cache.fallback.join(", ")}</>}
      </div>
    </Row>
  );
}

export function DetailsTab({ run, line, step, select }: Props) {
  const now = useNow(isActive(line.state));
  const source = safeHref(`${run.repository.url}/blob/${run.commit.sha}/${step.file}#L${step.line}`);
  const place = `${step.file}:${step.line}`;
  const to: To = (index) => {
    const target = run.steps.find((one) => one.index === index);
    if (!target) return null;
    const home = run.pipelines.find((one) => one.index === target.pipeline);
    const name = target.pipeline === line.pipeline ? target.name : `${home?.name}/${target.name}`;
    return (
      <button key={index} type="button" className={css.step} onClick={() => select(index)}>
        {name}
      </button>
    );
  };
  const after = [
    ...step.after.map(to),
    ...step.after_pipelines.map((index) => {
      const one = run.pipelines.find((other) => other.index === index);
      return <span key={`p${index}`}>pipeline {one?.name}</span>;
    }),
  ];
  const words = [...filters(step)];
  const rests = runsWhen(step);
  const may = limits(step);
  const poll = polls(step);
  return (
    <div className={css.tab}>
      <dl className={css.list}>
        <Row label="why">
          {why(run, line, step)}
          {step.note && <div className={css.note}>{step.note}</div>}
          {line.allow_failure && <div className={css.note}>a failure of it does not fail the pipeline</div>}
        </Row>
        {step.run !== "" && (
          <Row label="run">
            <pre>{step.run}</pre>
          </Row>
        )}
        {step.done !== null && (
          <Row label="done">
            <pre>{step.done.run}</pre>
            {poll && <div className={css.note}>{poll}</div>}
          </Row>
        )}
        <Build step={step} to={to} />
        <Image step={step} to={to} />
        <Volume run={run} step={step} to={to} />
        {step.values.length > 0 && (
          <Row label="reads">
            <span className={css.names}>the value of {step.values.map(to)}</span>
          </Row>
        )}
        {after.length > 0 && (
          <Row label="after">
            <span className={css.names}>{after}</span>
          </Row>
        )}
        {step.env.length > 0 && (
          <Row label="environment">
            <Environment env={step.env} to={to} />
          </Row>
        )}
        {step.services.length > 0 && <Services step={step} to={to} />}
        <Cache step={step} />
        {(words.length > 0 || rests) && (
          <Row label="when">
            {words.map((one) => (
              <div key={one}>{one}</div>
            ))}
            {rests}
          </Row>
        )}
        {may.length > 0 && <Row label="may use">{may.join(", ")}</Row>}
        {step.user !== null && (
          <Row label="user">
            <code>{step.user}</code>
          </Row>
        )}
        {step.workdir !== null && (
          <Row label="starts in">
            <code>{step.workdir}</code>
          </Row>
        )}
        <Row label="time">
          {phases(line, now).map((phase) => (
            <div key={phase.name}>
              {phase.name} {phase.going ? ticking(phase.millis) : duration(phase.millis)}
            </div>
          ))}
          {line.started_at === null && "did not start"}
        </Row>
        <Row label="attempts">{line.started_at === null ? 0 : line.attempt}</Row>
        <Row label="defined at">{source ? <a href={source}>{place}</a> : place}</Row>
      </dl>
    </div>
  );
}
