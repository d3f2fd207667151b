import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Act } from "../api/queries.ts";
import type { RunSummary, RunView } from "../api/types.ts";
import { safeHref } from "../log/links.ts";
import { Confirm } from "../ui/Confirm.tsx";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { StateBadge } from "../ui/StateMark.tsx";
import { isOver, runLook } from "../ui/states.ts";
import { ago, duration, ms, ticking, useNow } from "../ui/time.ts";
import { runPath, startPath } from "./address.ts";
import css from "./RunHeader.module.css";

interface Props {
  run: RunView;
  pending: Act | null;
  act: (act: Act) => void;
}

function Fact({ icon, label, children }: { icon: IconName; label: string; children: ReactNode }) {
  return (
    <span className={css.fact}>
      <Icon name={icon} size={14} />
      <span className="visually-hidden">{label}: </span>
      {children}
    </span>
  );
}

const EVENTS: Record<RunSummary["event"], string> = {
  push: "pushed",
  pull_request: "asked to pull",
  tag: "tagged",
  schedule: "on schedule",
  manual: "started by hand",
};

/** Events that are not the doing of the commit's author. */
const BY_NOBODY: ReadonlySet<RunSummary["event"]> = new Set(["schedule", "manual"]);

/** How long it worked; while it runs, how long ago it started. */
export function took(summary: RunSummary, now: number): string {
  const from = ms(summary.started_at);
  if (from === null) return "not started";
  if (summary.state === "running" || summary.state === "queued") return ticking(now - from);
  return duration(summary.busy_ms);
}

/** The same, with all the time that it waited, where that is much. */
function tookInAll(summary: RunSummary, now: number): string {
  const from = ms(summary.started_at);
  const to = ms(summary.ended_at);
  const worked = took(summary, now);
  if (from === null || to === null || to - from < summary.busy_ms * 1.3 + 2_000) return worked;
  return `${worked} of work in ${duration(to - from)}`;
}

function Related({ run }: { run: RunView }) {
  const { summary } = run;
  const link = (number: number) => (
    <Link key={number} to={runPath(run.account, run.pipeline, number)}>
      #{number}
    </Link>
  );
  return (
    <>
      {summary.rerun_of !== null && <span>runs {link(summary.rerun_of)} again</span>}
      {run.reruns.length > 0 && <span className={css.many}>run again as {run.reruns.map(link)}</span>}
      {run.newest > run.number && (
        <Link className={css.newer} to={runPath(run.account, run.pipeline)}>
          newest is #{run.newest} <Icon name="right" size={13} />
        </Link>
      )}
    </>
  );
}

/** At which time, for which pull request, with which words it was started. */
function Started({ run }: { run: RunView }) {
  if (run.cron === null && run.pull_request === null && run.inputs.length === 0) return null;
  return (
    <ul className={css.started} aria-label="how it was started">
      {run.cron !== null && (
        <li>
          at <code>{run.cron}</code>
        </li>
      )}
      {run.pull_request !== null && <li>pull request #{run.pull_request}</li>}
      {run.inputs.map(({ name, text }) => (
        <li key={name}>
          <code>
            {name}={text}
          </code>
        </li>
      ))}
    </ul>
  );
}

export function RunHeader({ run, pending, act }: Props) {
  const { summary, commit } = run;
  const now = useNow(!isOver(summary.state));
  const look = runLook(summary.state);
  const href = safeHref(commit.url);
  const sha = commit.sha.slice(0, 8);
  const rest = commit.message.split("\n").slice(1).join("\n").trim();
  return (
    <header className={css.header}>
      <div className={css.main}>
        <div className={css.top}>
          <StateBadge look={look} large />
          <span className={css.number}>
            {run.pipeline} <b>#{run.number}</b>
          </span>
          <Related run={run} />
        </div>
        <h1 className={css.title} title={rest || undefined}>
          {commit.title || "(no message)"}
        </h1>
        <div className={css.facts}>
          {summary.tag !== null ? (
            <Fact icon="tag" label="tag">
              {summary.tag}
            </Fact>
          ) : (
            <Fact icon="branch" label="branch">
              {summary.branch ?? summary.git_ref}
            </Fact>
          )}
          <Fact icon="commit" label="commit">
            {href ? (
              <a className={css.sha} href={href}>
                {sha}
              </a>
            ) : (
              <code className={css.sha}>{sha}</code>
            )}
          </Fact>
          <Fact icon="person" label="by">
            {summary.author}
            {BY_NOBODY.has(summary.event) ? "’s commit, " : " "}
            {EVENTS[summary.event]}{" "}
            <time dateTime={summary.created_at} title={new Date(summary.created_at).toLocaleString()}>
              {ago(ms(summary.created_at) ?? now, now)}
            </time>
          </Fact>
          <Fact icon="clock" label="time">
            <span className={css.took}>{tookInAll(summary, now)}</span>
          </Fact>
        </div>
        <Started run={run} />
        {run.stop && (
          <p className={css.stop}>
            {run.stop.words}
            {run.stop.all && ", its clean-up too"}
          </p>
        )}
      </div>
      <div className={css.actions}>
        <Link className={css.start} to={startPath(run.account, run.pipeline)}>
          <Icon name="right" size={16} />
          Run …
        </Link>
        {run.can.cancel && (
          <Confirm
            label="Cancel"
            question={`Cancel #${run.number}?`}
            yes="yes, cancel it"
            icon="stop"
            look="danger"
            pending={pending?.kind === "cancel"}
            act={() => act({ kind: "cancel" })}
          />
        )}
        {run.can.rerun && (
          <Confirm
            label="Run again"
            question={`Run ${sha} again?`}
            yes="yes, run it"
            icon="again"
            pending={pending?.kind === "rerun"}
            act={() => act({ kind: "rerun" })}
          />
        )}
      </div>
    </header>
  );
}
