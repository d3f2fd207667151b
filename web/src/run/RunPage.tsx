/** `/results/{account}/{pipeline}` (the newest run) and `/results/{account}/{pipeline}/{number}`. */
import { type CSSProperties, useCallback, useEffect, useRef } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { ApiError, type RunNumber } from "../api/client.ts";
import { type Act, useAct, useRun } from "../api/queries.ts";
import type { RunView } from "../api/types.ts";
import { Graph } from "../graph/Graph.tsx";
import { NotFound } from "../NotFound.tsx";
import { Button } from "../ui/Button.tsx";
import { FailureNote, FailurePage, helpOf } from "../ui/Failure.tsx";
import { useHead } from "../ui/head.ts";
import { Shell } from "../ui/Shell.tsx";
import { isActive, isOver, runLook } from "../ui/states.ts";
import { defaultStep, readView, runPath, stepName, stepNamed, type View, writeView } from "./address.ts";
import { Diagnostics } from "./Diagnostics.tsx";
import { Gates } from "./Gates.tsx";
import { RunHeader } from "./RunHeader.tsx";
import css from "./RunPage.module.css";
import { RunsList } from "./RunsList.tsx";
import { StepPanel } from "./StepPanel.tsx";
import { Waterfall } from "./Waterfall.tsx";

/** The part of the page's state that stands in the address, and how to change it. */
function useView(): [View, (change: Partial<View>) => void] {
  const [search, setSearch] = useSearchParams();
  const change = useCallback(
    (part: Partial<View>) =>
      setSearch((now) => writeView(now, part), { replace: true, preventScrollReset: true }),
    [setSearch],
  );
  return [readView(search), change];
}

/** The step to show: the address's, or the one where things happen; it stays until it is over. */
function useStep(run: RunView, view: View): number | null {
  const named = stepNamed(run, view.step);
  const shown = useRef<{ run: string; step: number | null } | null>(null);
  const id = `${run.account}/${run.pipeline}/${run.number}`;
  const last = shown.current?.run === id ? shown.current.step : null;
  const before = run.steps.find((step) => step.index === last);
  const stays = before && (isActive(before.state) || isOver(run.summary.state) || before.state === "failed");
  const auto = stays ? before.index : defaultStep(run);
  const step = named ?? auto;
  useEffect(() => {
    shown.current = { run: id, step };
  }, [id, step]);
  return step;
}

interface LoadedProps {
  run: RunView;
  newest: boolean;
  error: Error | null;
}

function Loaded({ run, newest, error }: LoadedProps) {
  const [view, change] = useView();
  const navigate = useNavigate();
  const action = useAct({ account: run.account, pipeline: run.pipeline, number: run.number });
  const pending: Act | null = action.isPending ? action.variables : null;
  const look = runLook(run.summary.state);
  useHead(`${run.pipeline} #${run.number} ${look.word} · dockercise`, look.tone);

  const index = useStep(run, view);
  const step = run.steps.find((one) => one.index === index) ?? null;
  const select = useCallback((to: number) => change({ step: stepName(run, to) }), [change, run]);
  const act = useCallback(
    (wanted: Act) =>
      action.mutate(wanted, {
        onSuccess: (done) => {
          if (wanted.kind === "rerun") void navigate(runPath(done.account, done.pipeline, done.number));
        },
      }),
    [action.mutate, navigate],
  );
  const approve = useCallback((gate: number) => act({ kind: "approve", gate }), [act]);
  const approving = pending?.kind === "approve" ? pending.gate : null;
  const list = view.runs ?? false;
  const started = run.steps.filter((one) => one.started_at !== null).length;

  return (
    <Shell
      trail={[
        { text: run.repository.name },
        { text: run.pipeline, to: runPath(run.account, run.pipeline) },
        { text: newest ? `#${run.number} (newest)` : `#${run.number}` },
      ]}
      tools={
        <Button small icon="list" aria-expanded={list} onClick={() => change({ runs: !list })}>
          Runs
        </Button>
      }
    >
      <main className={css.page} data-list={list || undefined}>
        {list && (
          <aside className={css.aside}>
            <RunsList
              account={run.account}
              pipeline={run.pipeline}
              current={run.number}
              version={run.newest * 1e6 + run.version}
              view={view}
              change={change}
            />
          </aside>
        )}
        <div className={css.body}>
          <RunHeader run={run} pending={pending} act={act} />
          {error && <FailureNote error={error} />}
          {action.error && (
            <FailureNote error={action.error}>
              <Button small look="bare" icon="close" aria-label="close" onClick={() => action.reset()} />
            </FailureNote>
          )}
          <Gates run={run} approving={approving} approve={approve} />
          <Diagnostics all={run.diagnostics} />
          {run.steps.length > 0 && (
            <div className={css.work}>
              <div className={css.left}>
                <div className={css.graph}>
                  <Graph run={run} selected={index} select={select} approve={approve} approving={approving} />
                </div>
                <div className={css.timeline} style={{ "--rows": started } as CSSProperties}>
                  <Waterfall run={run} selected={index} select={select} />
                </div>
              </div>
              <div className={css.right}>
                {step && <StepPanel run={run} step={step} view={view} change={change} select={select} />}
              </div>
            </div>
          )}
        </div>
      </main>
    </Shell>
  );
}

export function RunPage() {
  const { account = "", pipeline = "", number } = useParams();
  const good = number === undefined || number === "latest" || /^[1-9]\d{0,14}$/.test(number);
  if (!good) return <NotFound what={`a run's number is a whole number, not ${JSON.stringify(number)}`} />;
  const wanted: RunNumber = number === undefined || number === "latest" ? "latest" : Number(number);
  return <Asked account={account} pipeline={pipeline} number={wanted} />;
}

function Asked(id: { account: string; pipeline: string; number: RunNumber }) {
  const query = useRun(id);
  useHead(query.data || query.error ? null : "dockercise");
  if (query.data) return <Loaded run={query.data} newest={id.number === "latest"} error={query.error} />;
  if (!query.error) return <Shell trail={[{ text: id.pipeline }]}>{null}</Shell>;
  if (query.error instanceof ApiError && query.error.status === 404) {
    return <NotFound what={query.error.message} help={query.error.help} />;
  }
  return (
    <Shell trail={[{ text: id.pipeline }]}>
      <FailurePage title="This run cannot be shown" error={query.error.message}>
        {helpOf(query.error) && <p>help: {helpOf(query.error)}</p>}
        <div>
          <Button icon="again" onClick={() => void query.refetch()}>
            try again
          </Button>
        </div>
      </FailurePage>
    </Shell>
  );
}
