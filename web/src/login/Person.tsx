/** Who is logged in, and the way out. */
import { useLogOut, useMe } from "../api/queries.ts";
import { Button } from "../ui/Button.tsx";
import css from "./Person.module.css";

export function Person() {
  const me = useMe();
  const out = useLogOut();
  if (!me.data?.has_login) return null;
  if (me.data.login === null)
    return (
      <a className={css.login} href="/login">
        log in
      </a>
    );
  return (
    <span className={css.person}>
      <span className={css.name} title={me.data.name ?? undefined}>
        {me.data.login}
      </span>
      <Button small look="bare" disabled={out.isPending} onClick={() => out.mutate(false)}>
        log out
      </Button>
    </span>
  );
}
