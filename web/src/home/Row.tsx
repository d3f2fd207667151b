import { Link } from "react-router";
import type { PipelineRow } from "../api/types.ts";
import { runPath, startPath } from "../run/address.ts";
import { took } from "../run/RunHeader.tsx";
import { Icon } from "../ui/Icon.tsx";
import { StateBadge } from "../ui/StateMark.tsx";
import { isOver, runLook } from "../ui/states.ts";
import { ago, ms, useNow } from "../ui/time.ts";
import css from "./Row.module.css";
import { RunBars } from "./RunBars.tsx";

export function Row({ row }: { row: PipelineRow }) {
  const [run] = row.runs;
  const now = useNow(run !== undefined && !isOver(run.state));
  return (
    <li className={css.row}>
      <div className={css.name}>
        <Link className={css.pipeline} to={(run ? runPath : startPath)(row.account, row.pipeline)}>
          {row.pipeline}
        </Link>
        <span className={css.repository}>
          {row.repository}
          {row.account !== "local" && ` · ${row.account}`}
        </span>
      </div>
      <RunBars account={row.account} pipeline={row.pipeline} runs={row.runs} />
      {run ? (
        <>
          <div className={css.state}>
            <StateBadge look={runLook(run.state)} />
          </div>
          <div className={css.last}>
            <Link className={css.title} to={runPath(row.account, row.pipeline, run.number)}>
              <b>#{run.number}</b> {run.title}
            </Link>
            <span className={css.facts}>
              <span>
                <Icon name={run.tag === null ? "branch" : "tag"} size={13} />
                {run.tag ?? run.branch ?? run.git_ref}
              </span>
              <span>{run.author}</span>
            </span>
          </div>
          <div className={css.time}>
            <span className={css.took}>{took(run, now)}</span>
            <time dateTime={run.created_at}>{ago(ms(run.created_at) ?? now, now)}</time>
          </div>
        </>
      ) : (
        <div className={css.none}>
          no run yet · <Link to={startPath(row.account, row.pipeline)}>run it</Link>
        </div>
      )}
    </li>
  );
}
