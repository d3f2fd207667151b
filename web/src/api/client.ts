/** Requests to the server, and the one kind of error they end in. */
import type { Done, LogPage, Phase, PipelineRow, RunPage, RunView, State } from "./types.ts";

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

/** The address of something below `/api`; every part is escaped. */
export function api(...parts: (string | number)[]): string {
  return `/api/${parts.map((part) => encodeURIComponent(String(part))).join("/")}`;
}

/** The same with a query; what is null or empty is left out. */
export function withQuery(
  address: string,
  query: Record<string, string | number | null | undefined>,
): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return text ? `${address}?${text}` : address;
}

async function refusal(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && "error" in body && typeof body.error === "string") {
      const help = "help" in body && typeof body.help === "string" ? body.help : null;
      return new ApiError(response.status, body.error, help);
    }
  } catch {
    // Not JSON: something between us and the server answered.
  }
  return new ApiError(
    response.status,
    `the server answered ${response.status} ${response.statusText}`.trim(),
    response.status >= 500 ? "try again in a moment; the server's log says more" : null,
  );
}

/** Fetch, or end in an `ApiError`. */
export async function request(address: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new ApiError(
      0,
      "cannot reach the server",
      "is `dockercise serve` running? this page tries again by itself",
    );
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

async function get<T>(address: string, signal?: AbortSignal): Promise<T> {
  const response = await request(address, {
    headers: { accept: "application/json" },
    ...(signal ? { signal } : {}),
  });
  return (await response.json()) as T;
}

async function post(address: string): Promise<Done> {
  // The header cannot be set by a form or an image of another site.
  const response = await request(address, { method: "POST", headers: { "x-dockercise": "page" } });
  return (await response.json()) as Done;
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
}

const runAddress = (id: RunId, ...more: (string | number)[]) =>
  api("results", id.account, id.pipeline, id.number, ...more);
const logAddress = (id: LogId, ...more: string[]) => runAddress(id, "steps", id.step, "log", ...more);

export const addresses = {
  events: (id: RunId) => runAddress(id, "events"),
  value: (id: RunId, step: number) => runAddress(id, "steps", step, "value"),
  live: (id: LogId, from: number) =>
    withQuery(logAddress(id, "live"), { attempt: id.attempt, phase: id.phase, from }),
  raw: (id: LogId) => withQuery(logAddress(id, "raw"), { attempt: id.attempt, phase: id.phase }),
};

export const getPipelines = (signal?: AbortSignal) =>
  get<{ pipelines: PipelineRow[] }>(api("pipelines"), signal);

export const getRuns = (
  account: string,
  pipeline: string,
  query: { before?: number | null; limit?: number; branch?: string | null; state?: State | null },
  signal?: AbortSignal,
) => get<RunPage>(withQuery(api("results", account, pipeline), query), signal);

export const getRun = (id: RunId, signal?: AbortSignal) => get<RunView>(runAddress(id), signal);

export const getLog = (id: LogId, from: number, signal?: AbortSignal) =>
  get<LogPage>(withQuery(logAddress(id), { attempt: id.attempt, phase: id.phase, from }), signal);

export const approveGate = (id: RunId, gate: number) => post(runAddress(id, "gates", gate, "approve"));
export const cancelRun = (id: RunId) => post(runAddress(id, "cancel"));
export const rerunRun = (id: RunId) => post(runAddress(id, "rerun"));

/** The first bytes of a value. */
export async function getValue(
  id: RunId,
  step: number,
  bytes: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const response = await request(addresses.value(id, step), {
    headers: { range: `bytes=0-${bytes - 1}` },
    ...(signal ? { signal } : {}),
  });
  return new Uint8Array(await response.arrayBuffer()).subarray(0, bytes);
}
