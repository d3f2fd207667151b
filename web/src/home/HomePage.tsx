/** `/`: all pipelines; what waits for a click stands on top. */
import { Link, useSearchParams } from "react-router";
import { usePipelines } from "../api/queries.ts";
import type { PipelineRow, RunSummary } from "../api/types.ts";
import { runPath } from "../run/address.ts";
import { Button } from "../ui/Button.tsx";
import { FailureNote } from "../ui/Failure.tsx";
import { useHead } from "../ui/head.ts";
import { Icon } from "../ui/Icon.tsx";
import { Shell } from "../ui/Shell.tsx";
import css from "./HomePage.module.css";
import { Row } from "./Row.tsx";
import { Standings } from "./Standings.tsx";

/** Rows that hold every word looked for, in any of their names. Pure. */
export function search(rows: readonly PipelineRow[], text: string): PipelineRow[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const [run] = row.runs;
    const all = [
      row.account,
      row.pipeline,
      row.repository,
      run?.branch,
      run?.tag,
      run?.title,
      run?.author,
      run?.state,
    ];
    const hay = all.filter(Boolean).join(" ").toLowerCase();
    return words.every((word) => hay.includes(word));
  });
}

/** Runs that wait for a click, newest first. Pure. */
export function waiting(rows: readonly PipelineRow[]): { row: PipelineRow; run: RunSummary }[] {
  return rows
    .flatMap((row) => row.runs.filter((run) => run.state === "waiting").map((run) => ({ row, run })))
    .sort((a, b) => b.run.created_at.localeCompare(a.run.created_at));
}

function Waiting({ rows }: { rows: readonly PipelineRow[] }) {
  const all = waiting(rows);
  if (all.length === 0) return null;
  return (
    <section className={css.waiting} data-tone="click" aria-labelledby="waiting">
      <h2 id="waiting">
        <Icon name="hand" size={18} />
        {all.length === 1 ? "One run waits for a click" : `${all.length} runs wait for a click`}
      </h2>
      <ul>
        {all.map(({ row, run }) => (
          <li key={`${row.account}/${row.pipeline}/${run.number}`}>
            <Link to={runPath(row.account, row.pipeline, run.number)}>
              <b>
                {row.pipeline} #{run.number}
              </b>
              <span className={css.what}>{run.title}</span>
              <span className={css.who}>{run.author}</span>
              <Icon name="right" size={14} />
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function HomePage() {
  const [params, setParams] = useSearchParams();
  const text = params.get("q") ?? "";
  const query = usePipelines();
  const all = query.data ?? [];
  const rows = search(all, text);
  const clicks = waiting(all).length;
  useHead(clicks > 0 ? `(${clicks}) dockercise` : "dockercise", clicks > 0 ? "click" : "quiet");
  return (
    <Shell trail={[{ text: "pipelines" }]}>
      <main className={css.page}>
        <div className={css.head}>
          <h1>Pipelines</h1>
          <search className={css.search}>
            <Icon name="search" size={15} />
            <input
              type="search"
              placeholder="name, branch, person, message"
              aria-label="search pipelines"
              value={text}
              onChange={(event) =>
                setParams(event.target.value ? { q: event.target.value } : {}, { replace: true })
              }
            />
          </search>
          <Link className={css.connect} to="/connect">
            <Icon name="plug" size={15} /> connect a repository
          </Link>
        </div>
        {query.error && <FailureNote error={query.error} />}
        <Standings />
        <Waiting rows={all} />
        {rows.length > 0 && (
          <ul className={css.rows}>
            {rows.map((row) => (
              <Row key={`${row.account}/${row.pipeline}`} row={row} />
            ))}
          </ul>
        )}
        {query.isSuccess && all.length === 0 && (
          <div className={css.empty}>
            <h2>No pipeline yet</h2>
            <p>
              <Link to="/connect">Connect a repository</Link>, then push a commit with a pipeline file in it.
              Where this server has no login, the command line connects:
            </p>
            <pre>dockercise connect OWNER/REPO --token …</pre>
          </div>
        )}
        {query.isSuccess && all.length > 0 && rows.length === 0 && (
          <div className={css.empty}>
            <p>No pipeline has “{text}” in its names.</p>
            <Button onClick={() => setParams({}, { replace: true })}>show all</Button>
          </div>
        )}
      </main>
    </Shell>
  );
}
