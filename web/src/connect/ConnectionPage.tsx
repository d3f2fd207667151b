/** `/connect/{id}`: how a repository comes to be connected, step by step; then what its files say. */
import { useNavigate, useParams } from "react-router";
import { Graph } from "../graph/Graph.tsx";
import { Diagnostics } from "../run/Diagnostics.tsx";
import { Button } from "../ui/Button.tsx";
import { Confirm } from "../ui/Confirm.tsx";
import { FailureNote } from "../ui/Failure.tsx";
import { useHead } from "../ui/head.ts";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { Shell } from "../ui/Shell.tsx";
import {
  type Connection,
  type ConnectStep,
  type Found,
  useConnect,
  useConnection,
  useDisconnect,
} from "./api.ts";
import css from "./ConnectPage.module.css";

const TITLES: Record<ConnectStep["name"], string> = {
  find: "Look at the repository",
  key: "Add a read-only deploy key",
  hook: "Add a webhook",
  read: "Read the pipeline files",
  ping: "Hear from GitHub",
  "remove-hook": "Remove the webhook",
  "remove-key": "Remove the deploy key",
  forget: "Forget what is secret",
};

const MARKS: Record<ConnectStep["state"], { icon: IconName; tone: string; word: string }> = {
  waiting: { icon: "dots", tone: "quiet", word: "comes later" },
  doing: { icon: "spin", tone: "busy", word: "going on" },
  done: { icon: "check", tone: "good", word: "done" },
  failed: { icon: "cross", tone: "bad", word: "failed" },
  undone: { icon: "again", tone: "quiet", word: "undone" },
};

function StepLine({ step }: { step: ConnectStep }) {
  const mark = MARKS[step.state];
  return (
    <li className={css.step} data-tone={mark.tone}>
      <span className={css.mark}>
        <Icon name={mark.icon} />
      </span>
      <div>
        <p className={css.title}>
          {TITLES[step.name]} <span className={css.word}>{mark.word}</span>
        </p>
        {step.words && <p className={css.words}>{step.words}</p>}
        {step.error && <p className={css.error}>{step.error}</p>}
        {step.help && <p className={css.help}>help: {step.help}</p>}
      </div>
    </li>
  );
}

/** What is to be said over the steps. Pure. */
export function headline(of: Pick<Connection, "want" | "state" | "connected" | "steps">): string {
  const late = of.steps.some((step) => step.name === "ping" && step.state === "failed");
  if (of.want === "disconnect") {
    return of.state === "doing" ? "is being disconnected" : "is not connected any more";
  }
  if (of.want === "undo" && of.state === "doing")
    return "cannot be connected; what was added is removed again";
  if (of.state === "failed") return of.connected ? "could not be connected anew" : "could not be connected";
  if (of.state === "doing") return "is being connected";
  return late ? "is connected, but nothing arrives" : "is connected";
}

const nothing = () => {};

function Files({ found, connected }: { found: Found; connected: boolean }) {
  const drawn = found.steps.length > 0;
  return (
    <section className={css.part} aria-labelledby="files">
      <h2 id="files">
        On <code>{found.branch}</code>
        {found.sha && <span className={css.sha}> at {found.sha.slice(0, 7)}</span>}
      </h2>
      <Diagnostics all={found.diagnostics} />
      {drawn && (
        <div className={css.graph}>
          <Graph run={found} selected={null} select={nothing} approve={nothing} approving={null} />
        </div>
      )}
      {!drawn && found.diagnostics.length === 0 && (
        <div className={css.first}>
          <p>
            There is no pipeline file yet. This is one; call it <code>ci.dockercise.yaml</code>:
          </p>
          <pre>{"test:\n  img: alpine\n  vol: source\n  run: ls"}</pre>
        </div>
      )}
      {connected && (
        <p className={css.push} role="status">
          <Icon name="commit" /> Push a commit: its run is on the first page a moment later.
        </p>
      )}
    </section>
  );
}

export function ConnectionPage() {
  const { id = "" } = useParams();
  const number = Number(id);
  const navigate = useNavigate();
  const query = useConnection(number);
  const again = useConnect();
  const disconnect = useDisconnect(number);
  const data = query.data;
  const failed = data?.state === "failed";
  useHead(
    `${data?.name ?? "Connect"} · dockercise`,
    failed ? "bad" : data?.state === "doing" ? "busy" : "quiet",
  );
  return (
    <Shell trail={[{ text: "connect", to: "/connect" }, { text: data?.name ?? id }]}>
      <main className={css.page}>
        {query.error && <FailureNote error={query.error} />}
        {data && (
          <>
            <h1>
              <a href={data.url}>{data.name}</a> {headline(data)}
            </h1>
            <ol className={css.steps} aria-label="steps" aria-live="polite">
              {data.steps.map((step) => (
                <StepLine key={step.name} step={step} />
              ))}
            </ol>
            {again.error && <FailureNote error={again.error} />}
            {disconnect.error && <FailureNote error={disconnect.error} />}
            {data.found && data.want === "connect" && <Files found={data.found} connected={data.connected} />}
            <div className={css.acts}>
              {data.state !== "doing" && (
                <Button icon="again" disabled={again.isPending} onClick={() => again.mutate({ id: number })}>
                  {data.connected ? "Connect anew" : "Try again"}
                </Button>
              )}
              {data.connected && (
                <Confirm
                  label="Disconnect"
                  question={`Disconnect ${data.name}? Webhook and deploy key go, what runs is cancelled; its runs stay to be looked at.`}
                  yes="yes, disconnect it"
                  look="danger"
                  pending={disconnect.isPending}
                  act={() => disconnect.mutate()}
                />
              )}
              <Button onClick={() => navigate("/connect")}>Connect another</Button>
            </div>
          </>
        )}
      </main>
    </Shell>
  );
}
