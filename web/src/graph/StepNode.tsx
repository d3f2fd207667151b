import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { memo } from "react";
import type { StepLine } from "../api/types.ts";
import { StateDisc } from "../ui/StateMark.tsx";
import { isActive, lineLook, lineWords } from "../ui/states.ts";
import { duration, ms, ticking, useNow } from "../ui/time.ts";
import css from "./StepNode.module.css";

export type StepNodeType = Node<
  { step: StepLine; selected: boolean; tabbable: boolean; select: (step: number) => void },
  "step"
>;

/** How long it took, or has been taking; empty before it starts. */
export function stepTime(step: StepLine, now: number): string {
  const from = ms(step.started_at);
  if (from === null) return "";
  const to = ms(step.finished_at);
  return to === null ? ticking(now - from) : duration(to - from);
}

function Time({ step }: { step: StepLine }) {
  const now = useNow(isActive(step.state));
  const time = stepTime(step, now);
  return time === "" ? null : <span className={css.time}>{time}</span>;
}

export const StepNode = memo(function StepNode({ data }: NodeProps<StepNodeType>) {
  const { step, selected, tabbable, select } = data;
  const look = lineLook(step);
  return (
    <>
      <Handle type="target" position={Position.Left} />
      <button
        type="button"
        className={css.step}
        data-step={step.index}
        data-tone={look.tone}
        data-state={step.state}
        aria-current={selected ? "true" : undefined}
        tabIndex={tabbable ? 0 : -1}
        title={step.notice ? `${step.name}: ${step.notice}` : step.name}
        onClick={() => select(step.index)}
      >
        <StateDisc look={look} size={22} />
        <span className={css.text}>
          <span className={css.name}>{step.name}</span>
          <span className={css.sub}>
            <span className={css.word}>{step.notice ?? lineWords(step)}</span>
            {step.attempt > 1 && <span>attempt {step.attempt}</span>}
            <Time step={step} />
          </span>
        </span>
      </button>
      <Handle type="source" position={Position.Right} />
    </>
  );
});
