/** The audit trail: who did what, from where. */
import { useAudit } from "../api/queries.ts";
import { Button } from "../ui/Button.tsx";
import { FailureNote } from "../ui/Failure.tsx";
import css from "./SettingsPage.module.css";

export function Trail() {
  const query = useAudit();
  const lines = query.data?.pages.flatMap((page) => page.lines) ?? [];
  const damaged = query.data?.pages[0]?.damaged ?? null;
  return (
    <section className={css.part} aria-labelledby="trail">
      <h2 id="trail">Audit trail</h2>
      <p className={css.about}>
        Every click that changes something. Each line has a sum over the one before it: what is changed or
        taken out afterwards is found.
      </p>
      {query.error && <FailureNote error={query.error} />}
      {damaged !== null && (
        <p role="alert" className={css.damaged}>
          Line {damaged} was changed or taken out behind this server’s back.
        </p>
      )}
      <div className={css.scroll}>
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">when (UTC)</th>
              <th scope="col">who</th>
              <th scope="col">what</th>
              <th scope="col">to what</th>
              <th scope="col">from</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => (
              <tr key={line.number}>
                <td>{line.at.slice(0, 19).replace("T", " ")}</td>
                <td title={line.person === null ? undefined : `GitHub's id ${line.person}`}>{line.who}</td>
                <td>{line.what}</td>
                <td>{line.target}</td>
                <td>{line.address}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {query.hasNextPage && (
        <div>
          <Button small disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            older ones
          </Button>
        </div>
      )}
    </section>
  );
}
