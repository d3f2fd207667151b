/** What flows from one step to the next: told by words, and by the line's form as well. */
import { BaseEdge, type Edge, EdgeLabelRenderer, type EdgeProps, useStore } from "@xyflow/react";
import { memo } from "react";
import type { EdgeKind } from "../api/types.ts";
import css from "./FlowEdge.module.css";
import type { Route } from "./route.ts";

export type FlowEdgeType = Edge<
  { kinds: EdgeKind[]; busy: boolean; near: boolean; idle: boolean; label: boolean; route: Route | null },
  "flow"
>;

const WORDS: Record<EdgeKind, string> = {
  value: "value",
  volume: "volume",
  env: "env",
  image: "image",
  order: "then",
};

/** The one kind that gives the line its form. */
export function lead(kinds: readonly EdgeKind[]): EdgeKind {
  return (
    (["volume", "image", "value", "env", "order"] as const).find((kind) => kinds.includes(kind)) ?? "order"
  );
}

/** What a person reads on the line; mere order needs no word. */
export function words(kinds: readonly EdgeKind[]): string {
  return kinds
    .filter((kind) => kind !== "order")
    .map((kind) => WORDS[kind])
    .join(" + ");
}

/** Below this zoom no label can be read. */
const READABLE = 0.48;

export const FlowEdge = memo(function FlowEdge({ data }: EdgeProps<FlowEdgeType>) {
  const readable = useStore((store) => store.transform[2] >= READABLE);
  if (!data?.route) return null;
  const { path, x, y } = data.route;
  const label = words(data.kinds);
  const kind = lead(data.kinds);
  return (
    <>
      <g
        className={css.edge}
        data-kind={kind}
        data-busy={data.busy || undefined}
        data-near={data.near || undefined}
        data-idle={data.idle || undefined}
      >
        <BaseEdge path={path} interactionWidth={0} />
      </g>
      {label !== "" && data.label && readable && (
        <EdgeLabelRenderer>
          <span
            className={css.label}
            data-kind={kind}
            data-near={data.near || undefined}
            style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
          >
            {label}
          </span>
        </EdgeLabelRenderer>
      )}
    </>
  );
});
