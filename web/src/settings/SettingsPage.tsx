/** `/settings`: the secrets of the account. Their names; no value ever comes back. */
import { useState } from "react";
import { useLogOut, useMe, useSecretAct, useSecrets } from "../api/queries.ts";
import type { SecretView } from "../api/types.ts";
import { Button } from "../ui/Button.tsx";
import { Confirm } from "../ui/Confirm.tsx";
import { FailureNote } from "../ui/Failure.tsx";
import { useHead } from "../ui/head.ts";
import { Icon } from "../ui/Icon.tsx";
import { Shell } from "../ui/Shell.tsx";
import { ago, ms, useNow } from "../ui/time.ts";
import { type Draft, SecretForm } from "./SecretForm.tsx";
import css from "./SettingsPage.module.css";
import { Tokens } from "./Tokens.tsx";
import { Trail } from "./Trail.tsx";

const ALL = "all repositories";
const EMPTY: Draft = { name: "", repository: null, known: false };

function Line({ secret, edit, remove }: { secret: SecretView; edit: () => void; remove: () => void }) {
  const now = useNow(false);
  const at = ms(secret.updated_at);
  return (
    <li className={css.line}>
      <code className={css.name}>{secret.name}</code>
      <span className={css.whose}>{secret.repository ?? ALL}</span>
      <span className={css.when}>
        set {at === null ? "" : ago(at, now)} by {secret.updated_by}
      </span>
      <span className={css.acts}>
        <Button small onClick={edit}>
          Replace
        </Button>
        <Confirm
          label="Remove"
          question={`Remove ${secret.name} of ${secret.repository ?? ALL}?`}
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

export function SettingsPage() {
  useHead("Settings · dockercise", "quiet");
  const me = useMe();
  const out = useLogOut();
  const query = useSecrets();
  const [draft, setDraft] = useState<Draft>(EMPTY);
  // A fresh form for each secret, so that no value typed for one is sent for another.
  const [round, setRound] = useState(0);
  const [said, setSaid] = useState("");
  const begin = (next: Draft) => {
    setDraft(next);
    setRound((n) => n + 1);
  };
  const act = useSecretAct();
  const secrets = query.data?.secrets ?? [];
  return (
    <Shell trail={[{ text: "settings" }]}>
      <main className={css.page}>
        <h1>Settings</h1>
        <section className={css.part} aria-labelledby="secrets">
          <h2 id="secrets">Secrets</h2>
          <p className={css.about}>
            A step gets one by <code>env: {"{NAME: {secret: name}}"}</code>. Values go in and never come out:
            they are kept sealed, given to steps of trusted runs, and masked in every log. A repository’s own
            goes before one for all.
          </p>
          {query.error && <FailureNote error={query.error} />}
          {act.error && <FailureNote error={act.error} />}
          <p role="status" className={css.said}>
            {said && (
              <>
                <Icon name="check" size={14} /> {said}
              </>
            )}
          </p>
          {secrets.length > 0 && (
            <ul className={css.list}>
              {secrets.map((secret) => (
                <Line
                  key={`${secret.repository}/${secret.name}`}
                  secret={secret}
                  edit={() => begin({ name: secret.name, repository: secret.repository, known: true })}
                  remove={() =>
                    act.mutate(
                      { kind: "remove", name: secret.name, repository: secret.repository },
                      { onSuccess: () => setSaid(`${secret.name} is removed`) },
                    )
                  }
                />
              ))}
            </ul>
          )}
          {query.isSuccess && secrets.length === 0 && <p className={css.none}>There are no secrets yet.</p>}
          <SecretForm
            key={round}
            draft={draft}
            repositories={query.data?.repositories ?? []}
            forAll={query.data?.for_all ?? false}
            pending={act.isPending}
            leave={() => begin(EMPTY)}
            save={(name, repository, value) =>
              act.mutate(
                { kind: "set", name, repository, value },
                {
                  onSuccess: () => {
                    setSaid(`${name} is set; steps that start from now on get it`);
                    begin(EMPTY);
                  },
                },
              )
            }
          />
        </section>
        {me.data?.login != null && me.data.has_login && (
          <>
            <Tokens />
            <section className={css.part} aria-labelledby="sessions">
              <h2 id="sessions">Sessions</h2>
              <p className={css.about}>
                A session ends after twelve hours. This ends all of yours, in every browser.
              </p>
              <div>
                <Button small disabled={out.isPending} onClick={() => out.mutate(true)}>
                  Log out everywhere
                </Button>
              </div>
            </section>
          </>
        )}
        {me.data?.admin && <Trail />}
      </main>
    </Shell>
  );
}
