/** Where a secret is given. Its value lives in the form until it is sent, and nowhere after. */
import { type FormEvent, useEffect, useRef } from "react";
import { Button } from "../ui/Button.tsx";
import css from "./SecretForm.module.css";

export interface Draft {
  name: string;
  repository: string | null;
  /** It is there, and its value is replaced. */
  known: boolean;
}

interface Props {
  draft: Draft;
  repositories: readonly string[];
  /** May one set secrets for all repositories? */
  forAll: boolean;
  pending: boolean;
  save: (name: string, repository: string | null, value: string) => void;
  leave: () => void;
}

export function SecretForm({ draft, repositories, forAll, pending, save, leave }: Props) {
  const value = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (draft.known) value.current?.focus();
  }, [draft.known]);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const name = draft.known ? draft.name : String(given.get("name")).trim();
    const repository = draft.known ? draft.repository : String(given.get("repository")) || null;
    // Browsers send a text area's lines as CR LF; a key file has LF.
    save(name, repository, String(given.get("value")).replaceAll("\r\n", "\n"));
  };
  return (
    <form className={css.form} onSubmit={submit} autoComplete="off" aria-label="a secret">
      <h3>{draft.known ? `A new value for ${draft.name}` : "A new secret"}</h3>
      {!draft.known && (
        <>
          <label className={css.field}>
            <span>name</span>
            <input
              name="name"
              required
              maxLength={128}
              pattern="[A-Za-z_][A-Za-z0-9_.\-]*"
              title="letters, digits, _, - and ., not a digit first"
              spellCheck={false}
              autoCapitalize="off"
            />
          </label>
          <label className={css.field}>
            <span>for</span>
            <select name="repository" defaultValue={draft.repository ?? ""}>
              {forAll && <option value="">all repositories</option>}
              {repositories.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
        </>
      )}
      <label className={css.wide}>
        <span>value</span>
        <textarea
          ref={value}
          name="value"
          required
          rows={3}
          spellCheck={false}
          autoCapitalize="off"
          className={css.value}
        />
      </label>
      <div className={css.acts}>
        <Button type="submit" look="main" disabled={pending}>
          {pending ? "one moment …" : draft.known ? "Replace it" : "Set it"}
        </Button>
        {draft.known && (
          <Button look="bare" onClick={leave} disabled={pending}>
            leave it as it is
          </Button>
        )}
      </div>
    </form>
  );
}
