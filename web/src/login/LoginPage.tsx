/** Logs in at GitHub; the first time with the code that the server has printed. */
import type { FormEvent } from "react";
import { useLogIn } from "../api/queries.ts";
import mark from "../assets/favicon.svg";
import { Button } from "../ui/Button.tsx";
import { FailureNote } from "../ui/Failure.tsx";
import { useHead } from "../ui/head.ts";
import css from "./LoginPage.module.css";

/** @param to where one goes afterwards. */
export function LoginPage({ to, unclaimed }: { to: string; unclaimed: boolean }) {
  useHead("Log in · dockercise", "quiet");
  const login = useLogIn();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const code = unclaimed ? String(new FormData(event.currentTarget).get("code")) : null;
    login.mutate({ to, code }, { onSuccess: (url) => globalThis.location.assign(url) });
  };
  return (
    <main className={css.page}>
      <img src={mark} width="48" height="48" alt="" />
      <h1>dockercise</h1>
      <form className={css.form} onSubmit={submit} aria-label="log in">
        {unclaimed && (
          <label className={css.field}>
            <span>
              Nobody has claimed this server yet. Whoever logs in first, with the code that the server has
              printed into its log, runs it.
            </span>
            <input
              name="code"
              required
              spellCheck={false}
              autoComplete="off"
              placeholder="code"
              maxLength={60}
            />
          </label>
        )}
        {login.error && <FailureNote error={login.error} />}
        <Button type="submit" look="main" icon="person" disabled={login.isPending || login.isSuccess}>
          {login.isPending || login.isSuccess ? "one moment …" : "Log in with GitHub"}
        </Button>
      </form>
      <p className={css.about}>What you may see and do here is what you may at GitHub.</p>
    </main>
  );
}
