/** `/results/{account}/{pipeline}/start`: starts the pipeline by hand, with what it wants to be told. */
import { type FormEvent, useState } from "react";
import { useNavigate, useParams } from "react-router";
import { useInputs, useStart } from "../api/queries.ts";
import type { InputView } from "../api/types.ts";
import { runPath } from "../run/address.ts";
import { Button } from "../ui/Button.tsx";
import { FailureNote } from "../ui/Failure.tsx";
import { useHead } from "../ui/head.ts";
import { Shell } from "../ui/Shell.tsx";
import css from "./StartPage.module.css";

/** An input's name in the form, beside which the ref stands. */
const nameOf = ({ name }: Pick<InputView, "name">): string => `input-${name}`;

/** What was said, by name. What stands where nothing was said is left to the server's default. Pure. */
export function said(inputs: readonly InputView[], given: FormData): Record<string, string> {
  const all = inputs.map(({ name }): [string, string] => [name, String(given.get(nameOf({ name })) ?? "")]);
  return Object.fromEntries(all.filter(([name, text]) => text !== "" || defaultOf(inputs, name) !== ""));
}

const defaultOf = (inputs: readonly InputView[], name: string): string =>
  inputs.find((input) => input.name === name)?.default ?? "";

function Field({ input }: { input: InputView }) {
  const name = nameOf(input);
  return (
    <div className={css.field}>
      <label htmlFor={name}>
        <code>{input.name}</code>
        {input.required && <span className={css.must}> must be said</span>}
      </label>
      {input.choices.length > 0 ? (
        <select id={name} name={name} defaultValue={input.default ?? ""} required={input.required}>
          {input.default === null && <option value="">{input.required ? "choose one" : "nothing"}</option>}
          {input.choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : (
        <input
          id={name}
          name={name}
          defaultValue={input.default ?? ""}
          required={input.required}
          spellCheck={false}
          autoCapitalize="off"
        />
      )}
    </div>
  );
}

export function StartPage() {
  const { account = "", pipeline = "" } = useParams();
  const navigate = useNavigate();
  useHead(`Run ${pipeline} · dockercise`, "quiet");
  // The ref whose inputs are shown; empty: the default branch.
  const [ref, setRef] = useState("");
  const query = useInputs(account, pipeline, ref);
  const start = useStart(account, pipeline);
  const inputs = query.data?.inputs ?? [];
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const on = String(given.get("ref")).trim();
    start.mutate(
      { ref: on, inputs: said(inputs, given) },
      { onSuccess: (place) => navigate(runPath(account, pipeline, place.number)) },
    );
  };
  return (
    <Shell
      trail={[
        ...(query.data ? [{ text: query.data.repository }] : []),
        { text: pipeline, to: runPath(account, pipeline) },
        { text: "run" },
      ]}
    >
      <main className={css.page}>
        <h1>Run {pipeline}</h1>
        <form className={css.form} onSubmit={submit} autoComplete="off" aria-label={`run ${pipeline}`}>
          <label className={css.field}>
            <span>branch or tag</span>
            <input
              name="ref"
              placeholder="the default branch"
              maxLength={255}
              spellCheck={false}
              autoCapitalize="off"
              onBlur={(event) => setRef(event.target.value.trim())}
            />
          </label>
          {query.error && <FailureNote error={query.error} />}
          {inputs.map((input) => (
            <Field key={`${ref} ${input.name}`} input={input} />
          ))}
          {query.isSuccess && inputs.length === 0 && <p className={css.none}>It takes no inputs.</p>}
          {start.error && <FailureNote error={start.error} />}
          <div className={css.acts}>
            <Button type="submit" look="main" icon="right" disabled={start.isPending}>
              {start.isPending ? "one moment …" : "Run it"}
            </Button>
          </div>
        </form>
      </main>
    </Shell>
  );
}
