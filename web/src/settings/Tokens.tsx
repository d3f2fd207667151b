/** One's tokens for programs. A new one's secret is shown once, here. */
import { type FormEvent, useState } from "react";
import { useMakeToken, useRemoveToken, useTokens } from "../api/queries.ts";
import type { NewToken, Scope, TokenView } from "../api/types.ts";
import { Button } from "../ui/Button.tsx";
import { Confirm } from "../ui/Confirm.tsx";
import { FailureNote } from "../ui/Failure.tsx";
import { ago, ms, useNow } from "../ui/time.ts";
import css from "./SettingsPage.module.css";

const SCOPES: { scope: Scope; words: string }[] = [
  { scope: "read", words: "read: look at everything you see" },
  { scope: "run", words: "run: also click, start, cancel, run again" },
  { scope: "admin", words: "admin: everything you may" },
];

function Line({ token, remove }: { token: TokenView; remove: () => void }) {
  const now = useNow(false);
  const used = ms(token.used_at);
  return (
    <li className={css.line}>
      <span className={css.name}>{token.name}</span>
      <span className={css.whose}>{token.scope}</span>
      <span className={css.when}>
        until {token.ends_at.slice(0, 10)}, {used === null ? "never used" : `last used ${ago(used, now)}`}
      </span>
      <span className={css.acts}>
        <Confirm
          label="Remove"
          question={`Remove the token ${token.name}? Programs that use it are refused at once.`}
          yes="yes, remove it"
          look="danger"
          small
          pending={false}
          act={remove}
        />
      </span>
    </li>
  );
}

export function Tokens() {
  const query = useTokens();
  const make = useMakeToken();
  const remove = useRemoveToken();
  const [made, setMade] = useState<NewToken | null>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    const scope = given.get("scope") as Scope;
    make.mutate(
      { name: String(given.get("name")), scope, days: Number(given.get("days")) },
      {
        onSuccess: (token) => {
          setMade(token);
          form.reset();
        },
      },
    );
  };
  const tokens = query.data ?? [];
  return (
    <section className={css.part} aria-labelledby="tokens">
      <h2 id="tokens">Tokens for programs</h2>
      <p className={css.about}>
        They stand for you, and may no more than you may. For <code>dockercise login</code>, scripts and the
        API: <code>authorization: Bearer …</code>
      </p>
      {query.error && <FailureNote error={query.error} />}
      {make.error && <FailureNote error={make.error} />}
      {remove.error && <FailureNote error={remove.error} />}
      {made && (
        <p role="status" className={css.secret}>
          The token {made.token.name}, shown this once: <code>{made.secret}</code>
        </p>
      )}
      {tokens.length > 0 && (
        <ul className={css.list}>
          {tokens.map((token) => (
            <Line key={token.id} token={token} remove={() => remove.mutate(token.id)} />
          ))}
        </ul>
      )}
      {query.isSuccess && tokens.length === 0 && <p className={css.none}>You have no tokens.</p>}
      <form className={css.make} onSubmit={submit} aria-label="make a token" autoComplete="off">
        <label>
          <span>name</span>
          <input name="name" required maxLength={100} placeholder="what it is for" />
        </label>
        <label>
          <span>may</span>
          <select name="scope" defaultValue="read">
            {SCOPES.map(({ scope, words }) => (
              <option key={scope} value={scope}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>days</span>
          <input name="days" type="number" min={1} max={366} defaultValue={90} required />
        </label>
        <Button type="submit" disabled={make.isPending}>
          Make a token
        </Button>
      </form>
    </section>
  );
}
