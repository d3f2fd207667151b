/** Requests to the server, and the one kind of error they end in. */
import createClient from "openapi-fetch";
import type { paths } from "./schema.ts";
import type {
  Audit,
  LogPage,
  Me,
  NewToken,
  Phase,
  PipelineRow,
  Place,
  RepositoryLine,
  RunPage,
  RunView,
  Scope,
  Secrets,
  StartView,
  State,
  StepView,
  TokenView,
} from "./types.ts";

/** What failed, and what to do. `status` 0: the server was not reached. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly help: string | null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

const UNREACHED = "is `dockercise serve` running? this page tries again by itself";

/** @param body what came with the refusal: the server's words, or those of something between us and it. */
function refusal(response: Response, body: unknown): ApiError {
  if (typeof body === "object" && body !== null && "error" in body && typeof body.error === "string") {
    const help = "help" in body && typeof body.help === "string" ? body.help : null;
    return new ApiError(response.status, body.error, help);
  }
  return new ApiError(
    response.status,
    `the server answered ${response.status} ${response.statusText}`.trim(),
    response.status >= 500 ? "try again in a moment; the server's log says more" : null,
  );
}

/** What our own page sends with what changes something; the server gives it to a session. */
let pageToken = "page";

async function reach(request: Request): Promise<Response> {
  // This header cannot be set by a form or an image of another site.
  if (request.method !== "GET") request.headers.set("x-dockercise", pageToken);
  try {
    return await globalThis.fetch(request);
  } catch (cause) {
    if (request.signal.aborted) throw cause;
    throw new ApiError(0, "cannot reach the server", UNREACHED);
  }
}

export const http = createClient<paths>({ baseUrl: globalThis.location?.origin ?? "", fetch: reach });

export async function answer<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok || data === undefined) throw refusal(response, error);
  return data;
}

export type RunNumber = number | "latest";
export interface RunId {
  account: string;
  pipeline: string;
  number: RunNumber;
}
export interface LogId extends RunId {
  step: number;
  attempt: number;
  phase: Phase;
  /** One of the step's services; null: the step itself. */
  service: string | null;
}

const pathOf = ({ account, pipeline, number }: RunId) => ({ account, pipeline, number: String(number) });
/** So that no request is sent for a signal that is not there. */
export const until = (signal: AbortSignal | undefined) => (signal ? { signal } : {});

/** Addresses that the browser fetches by itself. */
function address(id: RunId, more: (string | number)[], query: Record<string, string | number> = {}): string {
  const parts = ["results", id.account, id.pipeline, id.number, ...more].map((part) =>
    encodeURIComponent(part),
  );
  const search = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]));
  return `/api/${parts.join("/")}${search.size > 0 ? `?${search}` : ""}`;
}

/** Which of a step's logs, as a query. */
const whichLog = ({ attempt, phase, service }: Pick<LogId, "attempt" | "phase" | "service">) => ({
  attempt,
  phase,
  ...(service === null ? {} : { service }),
});

export const addresses = {
  events: (id: RunId) => address(id, ["events"]),
  value: (id: RunId, step: number) => address(id, ["steps", step, "value"]),
  file: (id: RunId, step: number, sha256: string, nth: number) =>
    address(id, ["steps", step, "files", sha256], { nth }),
  live: (id: LogId, from: number) =>
    address(id, ["steps", id.step, "log", "live"], { ...whichLog(id), from }),
  raw: (id: LogId) => address(id, ["steps", id.step, "log", "raw"], whichLog(id)),
};

export async function getPipelines(signal?: AbortSignal): Promise<PipelineRow[]> {
  const { pipelines } = await answer(http.GET("/api/pipelines", until(signal)));
  return pipelines as PipelineRow[];
}

export interface RunsQuery {
  before: number | null;
  limit: number;
  branch: string;
  state: State | null;
}

export async function getRuns(account: string, pipeline: string, asked: RunsQuery, signal?: AbortSignal) {
  const query = {
    limit: asked.limit,
    ...(asked.before === null ? {} : { before: asked.before }),
    ...(asked.branch === "" ? {} : { branch: asked.branch }),
    ...(asked.state === null ? {} : { state: asked.state }),
  };
  const params = { path: { account, pipeline }, query };
  return (await answer(
    http.GET("/api/results/{account}/{pipeline}", { params, ...until(signal) }),
  )) as RunPage;
}

export async function getRun(id: RunId, signal?: AbortSignal): Promise<RunView> {
  const params = { path: pathOf(id) };
  const call = http.GET("/api/results/{account}/{pipeline}/{number}", { params, ...until(signal) });
  return (await answer(call)) as RunView;
}

export async function getStep(id: RunId, step: number, signal?: AbortSignal): Promise<StepView> {
  const params = { path: { ...pathOf(id), step } };
  const call = http.GET("/api/results/{account}/{pipeline}/{number}/steps/{step}", {
    params,
    ...until(signal),
  });
  return (await answer(call)) as StepView;
}

export async function getLog(id: LogId, from: number, signal?: AbortSignal): Promise<LogPage> {
  const params = {
    path: { ...pathOf(id), step: id.step },
    query: { ...whichLog(id), from },
  };
  const call = http.GET("/api/results/{account}/{pipeline}/{number}/steps/{step}/log", {
    params,
    ...until(signal),
  });
  return (await answer(call)) as LogPage;
}

export function approveGate(id: RunId, gate: number): Promise<Place> {
  const params = { path: { ...pathOf(id), gate } };
  return answer(http.POST("/api/results/{account}/{pipeline}/{number}/gates/{gate}/approve", { params }));
}

export function cancelRun(id: RunId): Promise<Place> {
  const params = { path: pathOf(id) };
  return answer(http.POST("/api/results/{account}/{pipeline}/{number}/cancel", { params }));
}

export function rerunRun(id: RunId): Promise<Place> {
  const params = { path: pathOf(id) };
  return answer(http.POST("/api/results/{account}/{pipeline}/{number}/rerun", { params }));
}

/** What may be said to it on a ref; empty: on the default branch. */
export function getInputs(
  account: string,
  pipeline: string,
  ref: string,
  signal?: AbortSignal,
): Promise<StartView> {
  const params = { path: { account, pipeline }, query: ref === "" ? {} : { git_ref: ref } };
  return answer(http.GET("/api/results/{account}/{pipeline}/start", { params, ...until(signal) }));
}

/** What a person starts a pipeline with. */
export interface Start {
  /** Empty: the default branch. */
  ref: string;
  inputs: Record<string, string>;
}

export async function startPipeline(account: string, pipeline: string, start: Start): Promise<Place> {
  const params = { path: { account, pipeline } };
  const body = { git_ref: start.ref === "" ? null : start.ref, inputs: start.inputs };
  const call = http.POST("/api/results/{account}/{pipeline}/start", { params, body });
  const { response } = await call;
  const place = await answer(call);
  // It will start, and there is no number of it yet: that is told in the place of a refusal.
  if (!("href" in place)) throw refusal(response, place);
  return place;
}

export function getSecrets(signal?: AbortSignal): Promise<Secrets> {
  return answer(http.GET("/api/secrets", until(signal)));
}

/** Which secret. `repository` null: all of the account's. */
export interface SecretId {
  name: string;
  repository: string | null;
}

const secretParams = ({ name, repository }: SecretId) => ({
  path: { name },
  query: repository === null ? {} : { repository },
});

/** For answers without a body. */
async function done(call: Promise<{ error?: unknown; response: Response }>): Promise<void> {
  const { error, response } = await call;
  if (!response.ok) throw refusal(response, error);
}

export function setSecret(id: SecretId, value: string): Promise<void> {
  const headers = { "content-type": "application/octet-stream" };
  const body = { params: secretParams(id), headers, body: value, bodySerializer: (text: string) => text };
  return done(http.PUT("/api/secrets/{name}", body));
}

export function removeSecret(id: SecretId): Promise<void> {
  return done(http.DELETE("/api/secrets/{name}", { params: secretParams(id) }));
}

/** The connected repositories, and where they stand at GitHub. */
export async function getRepositories(signal?: AbortSignal): Promise<RepositoryLine[]> {
  return (await answer(http.GET("/api/repositories", until(signal)))).repositories as RepositoryLine[];
}

/** Who looks at the page. */
export async function getMe(signal?: AbortSignal): Promise<Me> {
  const me = await answer(http.GET("/api/me", until(signal)));
  pageToken = me.page_token ?? "page";
  return me;
}

/** Where the browser is to go: GitHub's own page. `code` claims a fresh installation. */
export async function logIn(to: string, code: string | null): Promise<string> {
  return (await answer(http.POST("/api/login", { body: { to, code } }))).url;
}

export function logOut(everywhere: boolean): Promise<void> {
  return done(http.POST("/api/logout", { body: { everywhere } }));
}

export async function getTokens(signal?: AbortSignal): Promise<TokenView[]> {
  return (await answer(http.GET("/api/tokens", until(signal)))).tokens;
}

export function makeToken(token: { name: string; scope: Scope; days: number }): Promise<NewToken> {
  return answer(http.POST("/api/tokens", { body: token }));
}

export function removeToken(id: string): Promise<void> {
  return done(http.DELETE("/api/tokens/{id}", { params: { path: { id } } }));
}

/** Who did what, newest first. */
export function getAudit(below: number | null, signal?: AbortSignal): Promise<Audit> {
  const query = below === null ? {} : { below };
  return answer(http.GET("/api/audit", { params: { query }, ...until(signal) }));
}

/** The first bytes of a value. */
export async function getValue(
  id: RunId,
  step: number,
  bytes: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const url = new URL(addresses.value(id, step), globalThis.location.href);
  const headers = { range: `bytes=0-${bytes - 1}` };
  const response = await reach(new Request(url, { headers, ...until(signal) }));
  if (!response.ok) throw refusal(response, await response.json().catch(() => null));
  return new Uint8Array(await response.arrayBuffer()).subarray(0, bytes);
}
