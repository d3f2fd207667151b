/** `/connect`: the repositories that one may connect, searched as one types. */
import { type FormEvent, useEffect, useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { Button } from "../ui/Button.tsx";
import { FailureNote } from "../ui/Failure.tsx";
import { useHead } from "../ui/head.ts";
import { Icon } from "../ui/Icon.tsx";
import { Shell } from "../ui/Shell.tsx";
import { type ConnectLine, useConnect, useConnectable } from "./api.ts";
import css from "./ConnectPage.module.css";

/** So long after the last letter GitHub is asked: it allows thirty searches a minute. */
const PAUSE_MS = 300;

/** Is this `owner/name`, which can be connected also where no list has it? Pure. */
export const isFullName = (text: string): boolean => /^[\w.-]+\/[\w.-]+$/.test(text);

const STATES: Record<ConnectLine["state"], string | null> = {
  connected: "connected",
  connecting: "being connected",
  disconnecting: "being disconnected",
  failed: "could not be connected",
  none: null,
};

function Line({ line, busy, connect }: { line: ConnectLine; busy: boolean; connect: () => void }) {
  const said = STATES[line.state];
  return (
    <li className={css.line}>
      <div className={css.what}>
        <span className={css.name}>
          {line.name}
          {line.private && <span className={css.private}>private</span>}
        </span>
        {said && (
          <Link className={css.state} to={`/connect/${line.id}`}>
            <Icon
              name={line.state === "connected" ? "check" : line.state === "failed" ? "cross" : "dots"}
              size={14}
            />
            {said}
          </Link>
        )}
        {line.error && (
          <p className={css.not}>
            {line.error}
            {line.help && <span className={css.help}>help: {line.help}</span>}
          </p>
        )}
      </div>
      {line.state !== "connected" && line.state !== "connecting" && (
        <Button
          small
          disabled={busy || line.error !== null}
          onClick={connect}
          aria-label={`connect ${line.name}`}
        >
          Connect
        </Button>
      )}
    </li>
  );
}

export function ConnectPage() {
  useHead("Connect a repository · dockercise", "quiet");
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const q = params.get("q") ?? "";
  const [text, setText] = useState(q);
  useEffect(() => {
    if (text.trim() === q) return;
    const timer = setTimeout(
      () => setParams(text.trim() === "" ? {} : { q: text.trim() }, { replace: true }),
      PAUSE_MS,
    );
    return () => clearTimeout(timer);
  }, [text, q, setParams]);
  const query = useConnectable(q);
  const connect = useConnect();
  const begin = (chosen: Parameters<typeof connect.mutate>[0]) =>
    connect.mutate(chosen, { onSuccess: (begun) => navigate(`/connect/${begun.id}`) });
  const all = query.data?.pages.flatMap((page) => page.repositories) ?? [];
  const typed = isFullName(q) && !all.some((line) => line.name.toLowerCase() === q.toLowerCase());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setParams(text.trim() === "" ? {} : { q: text.trim() }, { replace: true });
  };
  return (
    <Shell trail={[{ text: "connect" }]}>
      <main className={css.page}>
        <h1>Connect a repository</h1>
        <p className={css.about}>
          It gets a webhook and a read-only deploy key, and its runs happen on this computer (account{" "}
          <code>local</code>). Disconnecting takes both away again.
        </p>
        <search>
          <form className={css.search} onSubmit={submit}>
            <Icon name="search" size={15} />
            <input
              type="search"
              placeholder="name, or owner/name"
              aria-label="search repositories"
              value={text}
              spellCheck={false}
              autoCapitalize="off"
              maxLength={200}
              onChange={(event) => setText(event.target.value)}
            />
          </form>
        </search>
        {connect.error && <FailureNote error={connect.error} />}
        {query.error && <FailureNote error={query.error} />}
        {all.length > 0 && (
          <ul className={css.list} aria-label="repositories" aria-busy={query.isFetching}>
            {all.map((line) => (
              <Line
                key={line.id}
                line={line}
                busy={connect.isPending}
                connect={() => begin({ id: line.id })}
              />
            ))}
          </ul>
        )}
        {query.isSuccess && all.length === 0 && (
          <p className={css.none}>
            {q === "" ? "GitHub knows no repository of yours." : `No repository of yours is called “${q}”.`}
          </p>
        )}
        {typed && query.isSuccess && (
          <Button disabled={connect.isPending} onClick={() => begin({ name: q })}>
            Connect {q}
          </Button>
        )}
        {query.hasNextPage && (
          <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {query.isFetchingNextPage ? "one moment …" : "more"}
          </Button>
        )}
        <p className={css.missing}>
          One is missing? An organisation may have to approve this server’s OAuth app, or want single sign-on:
          type <code>owner/name</code>, and it is said which.
        </p>
      </main>
    </Shell>
  );
}
