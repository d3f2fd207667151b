/** The API of the mock: one function from request to answer, for the dev server and for tests alike. */
import type { FileView, LogPage, Me, RunSummary, State } from "../src/api/types.ts";
import { isOver } from "../src/ui/states.ts";
import type { MockRun } from "./build.ts";
import { MockConnections } from "./connect.ts";
import { logOf } from "./logs.ts";
import { allRuns, type Held, past } from "./runs.ts";
import { MockSecrets } from "./secrets.ts";
import { VALUES } from "./teashop.ts";

const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
const refuse = (status: number, error: string, help: string | null = null) => json({ error, help }, status);

function events(
  begin: (send: (event: string, data: unknown) => void, end: () => void) => () => void,
): Response {
  let stop = () => {};
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      let closed = false;
      stop = begin(
        (event, data) => {
          if (!closed)
            controller.enqueue(encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
        },
        () => {
          closed = true;
          controller.close();
        },
      );
    },
    cancel: () => stop(),
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}

export class MockApi {
  private readonly runs: Held[] = allRuns();
  private readonly secrets = new MockSecrets();
  private readonly connections = new MockConnections(this.runs[0]!.view);
  /** Who looks. */
  me: Me = {
    login: null,
    name: null,
    admin: true,
    page_token: null,
    has_login: false,
    unclaimed: false,
    public_results: false,
  };
  /** No event stream works, as behind some proxies. */
  noStreams = false;

  private held(account: string, pipeline: string): Held | undefined {
    return account === "local" ? this.runs.find((one) => one.view.pipeline === pipeline) : undefined;
  }

  private rows(held: Held): RunSummary[] {
    return [held.view.summary, ...held.older];
  }

  private run(held: Held, number: string): MockRun | null {
    if (number === "latest" || Number(number) === held.view.number) return held.view;
    const row = held.older.find((one) => one.number === Number(number));
    return row ? past(held, row) : null;
  }

  async handle(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const parts = url.pathname.split("/").filter(Boolean).slice(1).map(decodeURIComponent);
    if (parts[0] === "pipelines") {
      return json({
        pipelines: this.runs.map((held) => ({
          account: "local",
          pipeline: held.view.pipeline,
          repository: held.view.repository.name,
          runs: this.rows(held).slice(0, 12),
        })),
      });
    }
    if (parts[0] === "repositories")
      return json({
        repositories: [
          {
            account: "local",
            name: "acme/old-shop",
            url: "https://github.example/acme/old-shop",
            standing: "archived",
            note: "its pipelines are not started any more",
            public: true,
            looked_at: null,
          },
        ],
      });
    if (parts[0] === "me") return json(this.me);
    if (parts[0] === "login") return json({ url: "https://github.example/login/oauth/authorize?state=1" });
    if (parts[0] === "audit") return json({ lines: [], more: false, damaged: null });
    if (parts[0] === "tokens") return json({ tokens: [] });
    if (parts[0] === "connect") return this.connections.handle(request, parts[1]);
    if (parts[0] === "secrets") return this.secrets.handle(request, parts[1]);
    const [word, account = "", pipeline = "", number, ...rest] = parts;
    const held = word === "results" ? this.held(account, pipeline) : undefined;
    if (!held)
      return refuse(404, `there is no pipeline ${pipeline} in account ${account}`, "`/` shows all pipelines");
    if (number === "start") return this.start(held, url.searchParams.get("git_ref"), request);
    if (number === undefined) return this.list(held, url.searchParams);
    const view = this.run(held, number);
    if (!view)
      return refuse(
        404,
        `pipeline ${pipeline} has no run ${number}`,
        `its newest run is ${held.view.number}`,
      );
    if (request.method === "POST") return this.post(held, view, rest, request);
    if (rest.length === 0) return json({ ...view, details: undefined });
    if (rest[0] === "events") return this.changes(view);
    if (rest[0] === "steps") return this.step(view, rest.slice(1), url.searchParams, request);
    return refuse(404, `there is nothing at ${url.pathname}`);
  }

  private list(held: Held, query: URLSearchParams): Response {
    const before = Number(query.get("before") ?? Number.POSITIVE_INFINITY);
    const limit = Number(query.get("limit") ?? 50);
    const branch = query.get("branch");
    const state = query.get("state") as State | null;
    const found = this.rows(held).filter(
      (run) => run.number < before && (!branch || run.branch === branch) && (!state || run.state === state),
    );
    const { account, pipeline, repository } = held.view;
    return json({
      account,
      pipeline,
      repository: repository.name,
      runs: found.slice(0, limit),
      more: found.length > limit,
    });
  }

  /** Every pipeline takes the same: a target and a reason. */
  private async start(held: Held, ref: string | null, request: Request): Promise<Response> {
    const { account, pipeline, repository } = held.view;
    const inputs = [
      { name: "TARGET", default: "staging", choices: ["staging", "production"], required: false },
      { name: "REASON", default: null, choices: [], required: true },
    ];
    if (request.method === "GET")
      return json({ account, pipeline, repository: repository.name, git_ref: ref ?? "main", inputs });
    if (request.headers.get("x-dockercise") !== "page")
      return refuse(403, "this click did not come from our page");
    const told = (await request.json()) as { git_ref: string | null; inputs: Record<string, string> };
    if (told.git_ref === "gone")
      return refuse(422, `there is no branch or tag \`gone\` in ${repository.name}`);
    held.older.unshift({ ...held.view.summary });
    const made = structuredClone(held.view);
    made.number = made.newest = held.view.number + 1;
    made.summary = { ...made.summary, number: made.number, event: "manual", rerun_of: null };
    made.inputs = Object.entries(told.inputs).map(([name, text]) => ({ name, text }));
    held.view = made;
    return json({
      account,
      pipeline,
      number: made.number,
      href: `/results/local/${pipeline}/${made.number}`,
    });
  }

  private changes(view: MockRun): Response {
    if (this.noStreams) return refuse(503, "no streams here");
    return events((send) => {
      let seen = view.version;
      send("changed", { version: seen });
      const timer = setInterval(() => {
        if (view.version !== seen) send("changed", { version: view.version });
        seen = view.version;
      }, 250);
      return () => clearInterval(timer);
    });
  }

  private step(
    view: MockRun,
    [index, what, which]: string[],
    query: URLSearchParams,
    request: Request,
  ): Response {
    const step = view.steps[Number(index)];
    const details = view.details[Number(index)];
    if (!step || !details) return refuse(404, `run ${view.number} has no step ${index}`);
    if (what === undefined) return json({ step, ...details });
    if (what === "files") return this.file(details.files, which);
    if (what === "value") {
      if (!details.value) return refuse(404, `step ${step.name} has no value`);
      const bytes = new TextEncoder().encode(VALUES[step.name] ?? "");
      const most = Number(/bytes=0-(\d+)/.exec(request.headers.get("range") ?? "")?.[1] ?? bytes.length);
      return new Response(bytes.slice(0, most + 1), {
        status: 206,
        headers: { "content-type": "application/octet-stream" },
      });
    }
    if (what !== "log" || details.logs.length === 0) return refuse(404, `step ${step.name} has no log`);
    const ended = step.finished_at !== null;
    const who = query.get("service") ?? step.name;
    const log = logOf(`${view.pipeline}/${view.number}`, who, query.get("phase") ?? "run", ended);
    const from = Number(query.get("from") ?? 0);
    if (which === undefined) return json(log.page(from));
    if (which === "raw")
      return new Response("raw\n", {
        headers: { "content-type": "text/plain", "content-disposition": "attachment" },
      });
    if (this.noStreams) return refuse(503, "no streams here");
    return events((send, end) => {
      let next = from;
      const timer = setInterval(() => {
        const page: LogPage = { ...log.page(next), complete: step.finished_at !== null };
        if (page.frames.length > 0) send("frames", page);
        next = page.next;
        if (!page.complete) return;
        clearInterval(timer);
        send("end", {});
        end();
      }, 300);
      return () => clearInterval(timer);
    });
  }

  private file(files: readonly FileView[], sha256: string | undefined): Response {
    const file = files.find((one) => one.sha256 === sha256);
    if (!file) return refuse(404, "there is no such file");
    return new Response(`${file.path}\n`, {
      headers: { "content-type": "application/octet-stream", "content-disposition": "attachment" },
    });
  }

  private async post(
    held: Held,
    view: MockRun,
    [what, index]: string[],
    request: Request,
  ): Promise<Response> {
    if (request.headers.get("x-dockercise") !== "page")
      return refuse(403, "this click did not come from our page");
    const answer = (number: number) =>
      json({
        account: "local",
        pipeline: view.pipeline,
        number,
        href: `/results/local/${view.pipeline}/${number}`,
      });
    const over = isOver(view.summary.state);
    if (what === "rerun") {
      held.older.unshift({ ...view.summary });
      const again = structuredClone(view);
      again.number = again.newest = held.view.number + 1;
      again.summary = { ...again.summary, number: again.number, rerun_of: view.number };
      held.view = again;
      return answer(again.number);
    }
    if (over) return refuse(409, `run ${view.number} is over`, "run it again");
    if (what === "cancel") {
      const now = new Date().toISOString();
      for (const step of view.steps) {
        if (isOver(step.state)) continue;
        Object.assign(step, { state: "cancelled", finished_at: step.started_at ? now : null });
      }
      for (const one of view.pipelines) if (!isOver(one.state)) one.state = "cancelled";
      for (const gate of view.gates) if (gate.state !== "open") gate.state = "void";
      Object.assign(view, {
        stop: { why: "cancelled", words: "cancelled by maren", all: false, by: "maren" },
        can: { cancel: false, rerun: true },
      });
      Object.assign(view.summary, { state: "cancelled", ended_at: now });
    } else if (what === "gates") {
      const gate = view.gates[Number(index)];
      if (gate?.state !== "waiting") return refuse(409, `gate ${index} does not wait for a click`);
      Object.assign(gate, { state: "open", by: "maren", at: new Date().toISOString() });
      this.proceed(view, gate.pipeline);
    }
    view.version += 1;
    return answer(view.number);
  }

  /** Walk the steps behind an opened gate, a moment each. */
  private proceed(view: MockRun, pipeline: number) {
    const steps = view.steps.filter((step) => step.pipeline === pipeline);
    const now = () => new Date().toISOString();
    Object.assign(view.summary, { state: "running", started_at: now() });
    view.pipelines[pipeline]!.state = "running";
    const [first, ...rest] = steps;
    const walk = (step: MockRun["steps"][number] | undefined, left: typeof steps) => {
      view.version += 1;
      if (!step) {
        view.pipelines[pipeline]!.state = "passed";
        Object.assign(view.summary, { state: "passed", ended_at: now() });
        view.can = { click: true, cancel: false, cancel_clean_up: false, rerun: true, rerun_failed: false };
        return;
      }
      Object.assign(step, { state: "running", started_at: now(), reason: null, attempt: 1 });
      const details = view.details[step.index]!;
      details.logs = [{ attempt: 1, phase: "run", service: null, length: 0, complete: false }];
      setTimeout(() => {
        Object.assign(step, { state: "passed", code: 0, finished_at: now() });
        if (!details.secret) details.value = { length: 3, sha256: "0".repeat(64) };
        details.logs[0]!.complete = true;
        walk(left[0], left.slice(1));
      }, 2500);
    };
    walk(first, rest);
  }
}
