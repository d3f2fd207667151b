import { Link } from "react-router";
import type { RunSummary } from "../api/types.ts";
import { runPath } from "../run/address.ts";
import { runLook } from "../ui/states.ts";
import { duration } from "../ui/time.ts";
import { BARS, heights } from "./bars.ts";
import css from "./RunBars.module.css";

/** Each state has its own form as well as its colour: full, notched, hollow. */
export function RunBars({
  account,
  pipeline,
  runs,
}: {
  account: string;
  pipeline: string;
  runs: RunSummary[];
}) {
  const bars = heights(runs);
  return (
    <ol className={css.bars} aria-label="last runs, oldest first">
      {Array.from({ length: BARS - bars.length }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: empty places.
        <li key={`none${i}`} className={css.none} aria-hidden="true" />
      ))}
      {bars.map(({ run, height }) => {
        const look = runLook(run.state);
        const words = `#${run.number} ${look.word}, ${duration(run.busy_ms)}: ${run.title}`;
        return (
          <li key={run.number}>
            <Link
              to={runPath(account, pipeline, run.number)}
              title={words}
              aria-label={words}
              className={css.link}
            >
              <span
                className={css.bar}
                data-tone={look.tone}
                data-mark={look.mark}
                style={{ height: `${Math.round(height * 100)}%` }}
              />
            </Link>
          </li>
        );
      })}
    </ol>
  );
}
