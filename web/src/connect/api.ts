/** What the pages of connecting ask for. */
import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { answer, http, until } from "../api/client.ts";
import { POLL_MS, retry } from "../api/queries.ts";
import type { components } from "../api/schema.ts";
import type { Diagnostic, EdgeView, GateView, StepLine } from "../api/types.ts";

type Schemas = components["schemas"];

export type ConnectLine = Omit<Schemas["ConnectLine"], "state"> & {
  state: "connected" | "connecting" | "disconnecting" | "failed" | "none";
};
export type ConnectStep = Omit<Schemas["ConnectStep"], "name" | "state"> & {
  name: "find" | "key" | "hook" | "read" | "ping" | "remove-hook" | "remove-key" | "forget";
  state: "waiting" | "doing" | "done" | "failed" | "undone";
};
export type Found = Omit<Schemas["FoundView"], "diagnostics" | "steps" | "edges" | "gates"> & {
  diagnostics: Diagnostic[];
  steps: StepLine[];
  edges: EdgeView[];
  gates: GateView[];
};
export type Connection = Omit<Schemas["ConnectionView"], "want" | "state" | "steps" | "found"> & {
  want: "connect" | "undo" | "disconnect";
  state: "doing" | "done" | "failed";
  steps: ConnectStep[];
  found: Found | null;
};

/** How often a connection that is under way is looked at. */
const STEP_MS = 700;

export function useConnectable(q: string) {
  return useInfiniteQuery({
    queryKey: ["connectable", q],
    initialPageParam: 1,
    queryFn: async ({ pageParam, signal }) => {
      const params = { query: { q, page: pageParam } };
      const page = await answer(http.GET("/api/connect/repositories", { params, ...until(signal) }));
      return { ...page, repositories: page.repositories as ConnectLine[] };
    },
    getNextPageParam: (last, all) => (last.more ? all.length + 1 : null),
    placeholderData: keepPreviousData,
    retry,
  });
}

const connectionKey = (id: number) => ["connection", id] as const;

/** Kept fresh while it goes on. */
export function useConnection(id: number) {
  return useQuery({
    queryKey: connectionKey(id),
    queryFn: async ({ signal }) => {
      const call = http.GET("/api/connect/{repository}", {
        params: { path: { repository: id } },
        ...until(signal),
      });
      return (await answer(call)) as Connection;
    },
    refetchInterval: ({ state }) => (state.data?.state === "doing" ? STEP_MS : POLL_MS * 10),
    retry,
  });
}

/** What may be connected: one of the list, or what was typed. */
export type Chosen = { id: number } | { name: string };

export function useConnect() {
  const client = useQueryClient();
  return useMutation<Connection, Error, Chosen>({
    mutationFn: async (chosen) => (await answer(http.POST("/api/connect", { body: chosen }))) as Connection,
    onSuccess: (begun) => client.setQueryData(connectionKey(begun.id), begun),
    onSettled: () => client.invalidateQueries({ queryKey: ["connectable"] }),
  });
}

export function useDisconnect(id: number) {
  const client = useQueryClient();
  return useMutation<Connection, Error, void>({
    mutationFn: async () =>
      (await answer(
        http.DELETE("/api/connect/{repository}", { params: { path: { repository: id } } }),
      )) as Connection,
    onSuccess: (begun) => client.setQueryData(connectionKey(id), begun),
    onSettled: () => client.invalidateQueries({ queryKey: ["connectable"] }),
  });
}
