import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import { Link } from "react-router";
import type { PipelineView } from "../api/types.ts";
import { runPath } from "../run/address.ts";
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
          {pipeline.this || pipeline.number === null ? (
            <strong>{title}</strong>
          ) : (
            <Link className="nodrag nopan" to={runPath(pipeline.account, pipeline.name, pipeline.number)}>
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
