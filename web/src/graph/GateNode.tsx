import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import type { GateView } from "../api/types.ts";
import { Confirm } from "../ui/Confirm.tsx";
import { Icon } from "../ui/Icon.tsx";
import css from "./GateNode.module.css";

export type GateNodeType = Node<
  { gate: GateView; approve: (gate: number) => void; pending: boolean },
  "gate"
>;

/** A gate's state in words. */
export function gateWords(gate: GateView): string {
  switch (gate.state) {
    case "waiting":
      return "waits for a click";
    case "open":
      return gate.by ? `opened by ${gate.by}` : "opened";
    case "expired":
      return "expired";
    case "void":
      return "not asked any more";
    default:
      return "asks later";
  }
}

const TONES = { waiting: "click", open: "good", expired: "late", void: "quiet", closed: "quiet" } as const;

export const GateNode = memo(function GateNode({ data }: NodeProps<GateNodeType>) {
  const { gate, approve, pending } = data;
  return (
    <>
      <Handle type="target" position={Position.Left} />
      <div className={css.gate} data-tone={TONES[gate.state]} data-state={gate.state}>
        <span className={css.head}>
          <Icon name={gate.state === "open" ? "check" : "hand"} size={15} />
          <span className={css.word}>{gate.state === "waiting" ? "waits for you" : gateWords(gate)}</span>
        </span>
        {gate.state === "waiting" ? (
          <span className="nodrag nopan">
            <Confirm
              label="Let it go on"
              question="Go on?"
              yes="yes, go on"
              look="click"
              small
              pending={pending}
              act={() => approve(gate.index)}
            />
          </span>
        ) : (
          <span className={css.note}>{gate.reason ?? gate.note ?? "gate: human click"}</span>
        )}
      </div>
      <Handle type="source" position={Position.Right} />
    </>
  );
});
