/** The mock's connections: each look at one that goes on finds it a step further. */
import type { Connection, ConnectLine, ConnectStep } from "../src/connect/api.ts";
import type { MockRun } from "./build.ts";

const line = (id: number, name: string, more: Partial<ConnectLine> = {}): ConnectLine => ({
  id,
  name,
  url: `https://github.example/${name}`,
  private: true,
  state: "none",
  error: null,
  help: null,
  ...more,
});

const WORDS: Partial<Record<ConnectStep["name"], string>> = {
  find: "found it",
  key: "added a read-only deploy key (ed25519)",
  hook: "added a webhook that delivers to https://ci.example/hooks/github/…",
  read: "read 1 pipeline file on `main`",
  ping: "GitHub's first delivery has come",
  "remove-hook": "removed the webhook",
  "remove-key": "removed the deploy key",
  forget: "forgot its key, its webhook's secret and its token; its runs stay",
};

export class MockConnections {
  private readonly lines: ConnectLine[] = [
    line(1, "maren/teashop", { state: "connected" }),
    line(2, "maren/biscuits"),
    line(3, "acme/warehouse"),
    line(4, "acme/old-shop", {
      private: false,
      error: "acme/old-shop is archived: nothing can be pushed to it, and no webhook be added",
      help: "unarchive it in its settings at GitHub",
    }),
  ];
  private readonly held = new Map<number, Connection>();

  /** @param run whose graph is shown as what the files say. */
  constructor(private readonly run: MockRun) {
    const whole = this.begin(this.lines[0]!, "connect");
    for (const _ of whole.steps) this.go(whole);
    this.held.set(1, { ...whole, state: "done", connected: true });
  }

  private begin(of: ConnectLine, want: Connection["want"]): Connection {
    const names: ConnectStep["name"][] =
      want === "connect" ? ["find", "key", "hook", "read", "ping"] : ["remove-hook", "remove-key", "forget"];
    const step = (name: ConnectStep["name"]): ConnectStep => ({
      name,
      state: "waiting",
      words: "",
      error: null,
      help: null,
      at: null,
    });
    const began_at = new Date().toISOString();
    const steps = names.map(step);
    const { id, name, url } = of;
    return {
      id,
      name,
      url,
      account: "local",
      want,
      state: "doing",
      connected: false,
      by: "maren",
      began_at,
      steps,
      found: null,
    };
  }

  /** One step further. */
  private go(on: Connection): Connection {
    const next = on.steps.find((step) => step.state === "waiting");
    if (!next || on.state !== "doing") {
      if (on.state === "doing") Object.assign(on, { state: "done", connected: on.want === "connect" });
      return on;
    }
    if (next.name === "key" && on.name.startsWith("acme/")) {
      const error =
        "acme/warehouse may have no deploy keys (GitHub answered 422: Deploy keys are disabled for this repository)";
      Object.assign(next, {
        state: "failed",
        error,
        help: "the organisation forbids them; an owner can allow them",
      });
      Object.assign(on, { want: "undo", state: "failed" });
      return on;
    }
    Object.assign(next, { state: "done", words: WORDS[next.name] ?? "", at: new Date().toISOString() });
    if (next.name === "read") {
      const { pipelines, steps, edges, gates } = this.run;
      on.found = { branch: "main", sha: "1234567890abcdef", diagnostics: [], pipelines, steps, edges, gates };
    }
    return on;
  }

  async handle(request: Request, id: string | undefined): Promise<Response> {
    const url = new URL(request.url);
    if (id === "repositories") {
      const words = (url.searchParams.get("q") ?? "").toLowerCase();
      const repositories = this.lines.filter((one) => one.name.toLowerCase().includes(words));
      return Response.json({ repositories, more: false });
    }
    if (request.method !== "GET" && request.headers.get("x-dockercise") !== "page")
      return Response.json({ error: "this click did not come from our page", help: null }, { status: 403 });
    if (id === undefined) {
      const wanted = (await request.json()) as { id?: number; name?: string };
      const found = this.lines.find((one) => one.id === wanted.id || one.name === wanted.name);
      if (!found)
        return Response.json(
          {
            error: "read it: GitHub answered 404: Not Found",
            help: "is the name right, and may you see it?",
          },
          { status: 422 },
        );
      const begun = this.begin(found, "connect");
      this.held.set(found.id, begun);
      return Response.json(begun, { status: 202 });
    }
    const held = this.held.get(Number(id));
    if (!held) return Response.json({ error: "there is no such thing here", help: null }, { status: 404 });
    if (request.method === "DELETE") {
      const gone = this.begin(this.lines.find((one) => one.id === held.id)!, "disconnect");
      this.held.set(held.id, gone);
      return Response.json(gone, { status: 202 });
    }
    return Response.json(this.go(held));
  }
}
