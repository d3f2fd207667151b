/** The pipeline's runs, newest first, with what one wants to see of them. */
import { Link } from "react-router";
import { useRuns } from "../api/queries.ts";
import type { RunSummary, State } from "../api/types.ts";
import { Button } from "../ui/Button.tsx";
import { FailureNote } from "../ui/Failure.tsx";
import { StateDisc } from "../ui/StateMark.tsx";
import { FILTER_STATES, isOver, runLook } from "../ui/states.ts";
import { ago, ms, useNow } from "../ui/time.ts";
import { runPath, type View } from "./address.ts";
import { took } from "./RunHeader.tsx";
import css from "./RunsList.module.css";

interface Props {
  account: string;
  pipeline: string;
  /** The run on the page. */
  current: number | null;
  /** Changes when the list may have. */
  version: number;
  view: View;
  change: (change: Partial<View>) => void;
}

function Run({ run, href, current }: { run: RunSummary; href: string; current: boolean }) {
  const now = useNow(!isOver(run.state));
  const look = runLook(run.state);
  return (
    <li>
      <Link className={css.run} to={href} aria-current={current ? "page" : undefined}>
        <StateDisc look={look} size={22} />
        <span className={css.text}>
          <span className={css.title}>
            <b>#{run.number}</b> {run.title}
          </span>
          <span className={css.sub}>
            <span data-tone={look.tone} className={css.word}>
              {look.word}
            </span>
            <span>{took(run, now)}</span>
            <span>{run.tag ?? run.branch ?? run.git_ref}</span>
            <span>{ago(ms(run.created_at) ?? now, now)}</span>
          </span>
        </span>
      </Link>
    </li>
  );
}

export function RunsList({ account, pipeline, current, version, view, change }: Props) {
  const state = FILTER_STATES.find((one) => one === view.state) ?? null;
  const query = useRuns(account, pipeline, { branch: view.branch, state }, version);
  const runs = query.data?.pages.flatMap((page) => page.runs) ?? [];
  const filter = new URLSearchParams({ runs: "1" });
  if (view.branch) filter.set("branch", view.branch);
  if (state) filter.set("state", state);
  return (
    <nav className={css.list} aria-label={`runs of ${pipeline}`}>
      <div className={css.head}>
        <h2>Runs</h2>
        <Button
          small
          look="bare"
          icon="close"
          aria-label="close the list of runs"
          onClick={() => change({ runs: false })}
        />
      </div>
      <div className={css.filter}>
        <input
          type="search"
          placeholder="branch"
          aria-label="only this branch"
          value={view.branch}
          onChange={(event) => change({ branch: event.target.value })}
        />
        <select
          aria-label="only this state"
          value={state ?? ""}
          onChange={(event) => change({ state: event.target.value as State | "" })}
        >
          <option value="">any state</option>
          {FILTER_STATES.map((one) => (
            <option key={one} value={one}>
              {runLook(one).word}
            </option>
          ))}
        </select>
      </div>
      {query.error && <FailureNote error={query.error} />}
      <ul className={css.runs}>
        {runs.map((run) => (
          <Run
            key={run.number}
            run={run}
            current={run.number === current}
            href={`${runPath(account, pipeline, run.number)}?${filter}`}
          />
        ))}
      </ul>
      {query.isSuccess && runs.length === 0 && <p className={css.none}>No run is like that.</p>}
      {query.hasNextPage && (
        <Button small disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {query.isFetchingNextPage ? "loading …" : "older runs"}
        </Button>
      )}
    </nav>
  );
}
