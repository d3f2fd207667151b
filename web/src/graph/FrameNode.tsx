import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import { Link } from "react-router";
import type { PipelineView } from "../api/types.ts";
import { Icon } from "../ui/Icon.tsx";
import { runLook } from "../ui/states.ts";
import css from "./FrameNode.module.css";

export type FrameNodeType = Node<{ pipeline: PipelineView }, "frame">;

export const FrameNode = memo(function FrameNode({ data: { pipeline } }: NodeProps<FrameNodeType>) {
  const look = runLook(pipeline.state);
  const title = `${pipeline.name}${pipeline.number === null ? "" : ` #${pipeline.number}`}`;
  return (
    <>
      <Handle type="target" position={Position.Left} />
      <div className={css.frame} data-this={pipeline.this || undefined}>
        <div className={css.title}>
          {pipeline.this || !pipeline.href?.startsWith("/results/") ? (
            <strong>{title}</strong>
          ) : (
            <Link className="nodrag nopan" to={pipeline.href}>
              {title}
            </Link>
          )}
          <span className={css.state} data-tone={look.tone}>
            <Icon name={look.mark} size={13} />
            {look.word}
          </span>
        </div>
      </div>
      <Handle type="source" position={Position.Right} />
    </>
  );
});
