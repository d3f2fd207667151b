/** Repositories of which GitHub says something that a person must know, or mend. */
import { useRepositories } from "../api/queries.ts";
import type { RepositoryLine } from "../api/types.ts";
import { Icon } from "../ui/Icon.tsx";
import css from "./HomePage.module.css";

/** In words; null: all is well. */
const WORDS: Record<RepositoryLine["standing"], string | null> = {
  ok: null,
  archived: "is archived",
  gone: "is deleted, or hidden from this server",
  refused: "cannot be reported to",
  "no-hook": "has lost its webhook",
};

export function Standings() {
  const told = (useRepositories().data ?? []).filter((one) => WORDS[one.standing]);
  if (told.length === 0) return null;
  return (
    <ul className={css.standings} aria-label="repositories that need a look">
      {told.map((one) => (
        <li key={one.name}>
          <Icon name="warn" size={15} />
          <span>
            <a href={one.url}>{one.name}</a> {WORDS[one.standing]}
            {one.note && <span className={css.note}>{one.note}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}
