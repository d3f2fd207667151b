/** What the pages ask for, how often, and what is asked again after a click. */
import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useCallback } from "react";
import { isActive, isOver } from "../ui/states.ts";
import {
  ApiError,
  addresses,
  approveGate,
  cancelRun,
  getAudit,
  getInputs,
  getMe,
  getPipelines,
  getRepositories,
  getRun,
  getRuns,
  getSecrets,
  getStep,
  getTokens,
  logIn,
  logOut,
  makeToken,
  type RunId,
  removeSecret,
  removeToken,
  rerunRun,
  type SecretId,
  type Start,
  setSecret,
  startPipeline,
} from "./client.ts";
import { useStream } from "./events.ts";
import type { NewToken, Notice, Place, RunView, Scope, State, StepLine } from "./types.ts";

/** How often to ask where there is no live stream. */
export const POLL_MS = 2_000;
/** How often to look for a newer run where nothing is going on. */
const IDLE_MS = 8_000;

/** Ask again only where asking again can help. */
export function retry(failures: number, error: Error): boolean {
  return failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 502);
}

export function usePipelines() {
  return useQuery({
    queryKey: ["pipelines"],
    queryFn: ({ signal }) => getPipelines(signal),
    refetchInterval: ({ state }) => {
      const busy = state.data?.some((row) => row.runs.some((run) => !isOver(run.state)));
      return busy ? POLL_MS : IDLE_MS;
    },
  });
}

export interface RunFilter {
  branch: string;
  state: State | null;
}

export function useRuns(account: string, pipeline: string, filter: RunFilter, version: number) {
  return useInfiniteQuery({
    queryKey: ["runs", account, pipeline, filter.branch, filter.state, version],
    initialPageParam: null as number | null,
    queryFn: ({ pageParam, signal }) =>
      getRuns(
        account,
        pipeline,
        { before: pageParam, limit: 50, branch: filter.branch, state: filter.state },
        signal,
      ),
    getNextPageParam: (last) => (last.more ? (last.runs.at(-1)?.number ?? null) : null),
    placeholderData: keepPreviousData,
  });
}

const runKey = (id: RunId) => ["run", id.account, id.pipeline, id.number] as const;

/** Is anything in this graph still moving? A later pipeline may go on when this one is over. */
export function isSettled(run: RunView): boolean {
  return isOver(run.summary.state) && run.pipelines.every((pipeline) => isOver(pipeline.state));
}

/** The run with what goes on for its steps right now; lines that stay the same stay the same objects. */
export function withNotices(run: RunView, words: ReadonlyMap<number, string>): RunView {
  const steps = run.steps.map((step) => {
    const notice = words.get(step.index) ?? null;
    return notice === step.notice ? step : { ...step, notice };
  });
  return { ...run, steps };
}

/** The run, kept fresh by its stream or, where there is none, by asking. */
export function useRun(id: RunId) {
  const client = useQueryClient();
  const { account, pipeline, number } = id;
  const known = client.getQueryData<RunView>(runKey(id));
  const moving = known && !isSettled(known) ? known.number : null;
  const heard = useCallback(() => {
    void client.invalidateQueries({ queryKey: runKey({ account, pipeline, number }) });
  }, [client, account, pipeline, number]);
  const stream = moving === null ? null : addresses.events({ account, pipeline, number: moving });
  const noticed = useCallback(
    (data: string) => {
      const words = new Map((JSON.parse(data) as Notice[]).map((one) => [one.step, one.words]));
      client.setQueryData<RunView>(
        runKey({ account, pipeline, number }),
        (run) => run && withNotices(run, words),
      );
    },
    [client, account, pipeline, number],
  );
  const up = useStream(stream, "changed", heard, undefined, noticed);
  const query = useQuery({
    queryKey: runKey(id),
    queryFn: ({ signal }) => getRun(id, signal),
    refetchInterval: ({ state }) => {
      if (state.data && isSettled(state.data)) return number === "latest" ? IDLE_MS : false;
      return up ? IDLE_MS : POLL_MS;
    },
    // The tab's title tells how it ended, also to those who look at another tab.
    refetchIntervalInBackground: true,
    // Going from one run to the next of the same pipeline does not blank the page.
    placeholderData: (last, query) =>
      query?.queryKey[1] === account && query.queryKey[2] === pipeline ? last : undefined,
  });
  return { ...query, live: up };
}

/** Everything about a step, asked again when its line changes. */
export function useStepView(id: RunId, line: StepLine, version: number) {
  const { index, state, attempt, done_started_at } = line;
  // What a waiting step waits for changes with the others.
  const since = isOver(state) || isActive(state) ? `${state} ${attempt} ${done_started_at}` : version;
  return useQuery({
    queryKey: ["step", id.account, id.pipeline, id.number, index, since],
    queryFn: ({ signal }) => getStep(id, index, signal),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (last) =>
      last?.step.index === index && last.step.name === line.name ? last : undefined,
  });
}

export type Act = { kind: "approve"; gate: number } | { kind: "cancel" } | { kind: "rerun" };

/** A click that changes something on the server. */
export function useAct(id: RunId) {
  const client = useQueryClient();
  return useMutation<Place, Error, Act>({
    mutationFn: (act) => {
      if (act.kind === "approve") return approveGate(id, act.gate);
      return act.kind === "cancel" ? cancelRun(id) : rerunRun(id);
    },
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["run", id.account, id.pipeline] }),
        client.invalidateQueries({ queryKey: ["runs", id.account, id.pipeline] }),
      ]),
  });
}

/** What a pipeline takes that is started by hand. */
export function useInputs(account: string, pipeline: string, ref: string) {
  return useQuery({
    queryKey: ["inputs", account, pipeline, ref],
    queryFn: ({ signal }) => getInputs(account, pipeline, ref, signal),
    // What is typed into the form must not be lost to a second look.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
}

export function useStart(account: string, pipeline: string) {
  const client = useQueryClient();
  return useMutation<Place, Error, Start>({
    mutationFn: (start) => startPipeline(account, pipeline, start),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["run", account, pipeline] }),
        client.invalidateQueries({ queryKey: ["runs", account, pipeline] }),
        client.invalidateQueries({ queryKey: ["pipelines"] }),
      ]),
  });
}

export function useSecrets() {
  return useQuery({ queryKey: ["secrets"], queryFn: ({ signal }) => getSecrets(signal) });
}

export type SecretAct = SecretId & ({ kind: "set"; value: string } | { kind: "remove" });

/** The value is not kept as the mutation's: what it is given is dropped once it is over. */
export function useSecretAct() {
  const client = useQueryClient();
  return useMutation<void, Error, SecretAct>({
    mutationFn: (act) => (act.kind === "set" ? setSecret(act, act.value) : removeSecret(act)),
    gcTime: 0,
    onSettled: () => client.invalidateQueries({ queryKey: ["secrets"] }),
  });
}

/** How often to look where repositories stand: the server itself looks hourly. */
const STANDINGS_MS = 60_000;

export function useRepositories() {
  return useQuery({
    queryKey: ["repositories"],
    queryFn: ({ signal }) => getRepositories(signal),
    refetchInterval: STANDINGS_MS,
  });
}

/** Who looks at the page. */
export function useMe() {
  return useQuery({ queryKey: ["me"], queryFn: ({ signal }) => getMe(signal), staleTime: 60_000 });
}

export function useLogIn() {
  return useMutation<string, Error, { to: string; code: string | null }>({
    mutationFn: ({ to, code }) => logIn(to, code),
  });
}

/** Nothing of what was seen stays in the page. */
export function useLogOut() {
  return useMutation<void, Error, boolean>({
    mutationFn: (everywhere) => logOut(everywhere),
    onSuccess: () => globalThis.location.assign("/"),
  });
}

export function useTokens() {
  return useQuery({ queryKey: ["tokens"], queryFn: ({ signal }) => getTokens(signal) });
}

export function useMakeToken() {
  const client = useQueryClient();
  return useMutation<NewToken, Error, { name: string; scope: Scope; days: number }>({
    mutationFn: (token) => makeToken(token),
    gcTime: 0,
    onSettled: () => client.invalidateQueries({ queryKey: ["tokens"] }),
  });
}

export function useRemoveToken() {
  const client = useQueryClient();
  return useMutation<void, Error, string>({
    mutationFn: (id) => removeToken(id),
    onSettled: () => client.invalidateQueries({ queryKey: ["tokens"] }),
  });
}

export function useAudit() {
  return useInfiniteQuery({
    queryKey: ["audit"],
    initialPageParam: null as number | null,
    queryFn: ({ pageParam, signal }) => getAudit(pageParam, signal),
    getNextPageParam: (last) => (last.more ? (last.lines.at(-1)?.number ?? null) : null),
  });
}
