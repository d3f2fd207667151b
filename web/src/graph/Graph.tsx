/** The run's graph: drawn by xyflow at the places that `layout` gives, walked with the arrow keys. */
import "@xyflow/react/dist/base.css";
import {
  Controls,
  type Edge,
  type EdgeTypes,
  type Node,
  type NodeTypes,
  Panel,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
} from "@xyflow/react";
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef } from "react";
import type { RunView } from "../api/types.ts";
import { isActive } from "../ui/states.ts";
import { FlowEdge } from "./FlowEdge.tsx";
import { FrameNode } from "./FrameNode.tsx";
import { GateNode } from "./GateNode.tsx";
import css from "./Graph.module.css";
import { Legend } from "./Legend.tsx";
import { type Box, frameId, gateId, insides, layout, shapeKey, stepId } from "./layout.ts";
import { isArrow, move } from "./move.ts";
import { StepNode } from "./StepNode.tsx";

const NODES: NodeTypes = { step: StepNode, gate: GateNode, frame: FrameNode };
const EDGES: EdgeTypes = { flow: FlowEdge };
/** From here on only what can be seen is in the document. */
const MANY = 120;
/** Below the graph is room for the legend and the controls. */
const FIT = { padding: { top: "12px", right: "12px", left: "12px", bottom: "58px" }, maxZoom: 0.95 } as const;

export interface GraphProps {
  run: Pick<RunView, "pipelines" | "steps" | "edges" | "gates">;
  selected: number | null;
  select: (step: number) => void;
  approve: (gate: number) => void;
  approving: number | null;
}

function place(box: Box) {
  return {
    position: { x: box.x, y: box.y },
    width: box.width,
    height: box.height,
    initialWidth: box.width,
    initialHeight: box.height,
  };
}

function Inner({ run, selected, select, approve, approving }: GraphProps) {
  const key = shapeKey(run);
  const flow = useReactFlow();
  const width = useStore((store) => store.width);
  const height = useStore((store) => store.height);
  // In steps, so that a scroll bar that comes and goes does not lay out everything again.
  const [wide, high] = [Math.ceil(width / 160) * 160, Math.ceil(height / 160) * 160];
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the run's shape.
  const inner = useMemo(() => insides(run), [key]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the run's shape.
  const placed = useMemo(
    () => layout(run, { width: wide || 1600, height: (high || 900) - 70 }, inner),
    [key, wide, high, inner],
  );
  const holder = useRef<HTMLDivElement>(null);

  const nodes = useMemo<Node[]>(() => {
    const found: Node[] = [];
    for (const pipeline of run.pipelines) {
      const box = placed.frames.get(pipeline.index);
      if (box)
        found.push({
          id: frameId(pipeline.index),
          type: "frame",
          data: { pipeline },
          zIndex: -1,
          ...place(box),
        });
    }
    for (const gate of run.gates) {
      const box = placed.gates.get(gate.index);
      const data = { gate, approve, pending: approving === gate.index };
      if (box) found.push({ id: gateId(gate.index), type: "gate", data, ...place(box) });
    }
    for (const step of run.steps) {
      const box = placed.steps.get(step.index);
      const first = selected === null && step === run.steps[0];
      const data = {
        step,
        selected: step.index === selected,
        tabbable: step.index === selected || first,
        select,
      };
      if (box) found.push({ id: stepId(step.index), type: "step", data, ...place(box) });
    }
    return found;
  }, [run, placed, selected, select, approve, approving]);

  const edges = useMemo<Edge[]>(() => {
    const states = new Map(run.steps.map((step) => [stepId(step.index), step.state]));
    const chosen = selected === null ? null : stepId(selected);
    const few = placed.wires.length <= 60;
    return placed.wires.map((wire) => {
      const target = states.get(wire.to);
      const near = wire.from === chosen || wire.to === chosen;
      const idle = target === "skipped" || target === "not-needed" || target === "cancelled";
      const data = {
        kinds: wire.kinds,
        busy: target !== undefined && isActive(target),
        near,
        idle,
        label: few || near,
        route: wire.route,
      };
      return { id: wire.id, source: wire.from, target: wire.to, type: "flow", data, zIndex: near ? 1 : 0 };
    });
  }, [run, placed, selected]);

  // Show all of it where that stays readable; else where things happen.
  const shown = useRef("");
  useEffect(() => {
    const now = `${key}:${Math.round(width / 80)}:${Math.round(height / 80)}:${placed.width}`;
    if (width === 0 || height === 0 || shown.current === now) return;
    shown.current = now;
    const { width: right, height: bottom } = placed;
    const whole = Math.min((width - 24) / right, (height - 70) / bottom);
    const least = width < 560 ? 0.62 : 0.45;
    if (whole >= least) {
      void flow.fitView(FIT);
      return;
    }
    const focus =
      (selected === null ? undefined : placed.steps.get(selected)) ?? placed.steps.values().next().value;
    const zoom = width < 560 ? 0.72 : 0.66;
    if (!focus) return;
    // Near an edge of the graph, show the edge and not the emptiness behind it.
    const within = (middle: number, room: number, all: number) =>
      Math.max(room / zoom / 2 - 16, Math.min(middle, all - room / zoom / 2 + 16));
    const left = within(focus.x + focus.width / 2, width, right);
    const top = within(focus.y + focus.height / 2, height, bottom);
    void flow.setCenter(left, top, { zoom });
  }, [key, width, height, placed, flow, selected]);

  const reveal = useCallback(
    (index: number) => {
      const box = placed.steps.get(index);
      if (!box) return;
      const { x, y, zoom } = flow.getViewport();
      const left = box.x * zoom + x;
      const top = box.y * zoom + y;
      const inside =
        left >= 0 && top >= 0 && left + box.width * zoom <= width && top + box.height * zoom <= height;
      const seen = inside
        ? Promise.resolve(true)
        : flow.setCenter(box.x + box.width / 2, box.y + box.height / 2, {
            zoom: Math.max(zoom, 0.5),
            duration: 150,
          });
      void seen.then(() =>
        requestAnimationFrame(() =>
          holder.current?.querySelector<HTMLElement>(`[data-step="${index}"]`)?.focus(),
        ),
      );
    },
    [placed, flow, width, height],
  );

  const onKeyDown = (event: KeyboardEvent) => {
    if (!isArrow(event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
    if (!(event.target instanceof HTMLElement) || event.target.dataset.step === undefined) return;
    event.preventDefault();
    const next = move(placed, Number(event.target.dataset.step), event.key);
    if (next === null) return;
    select(next);
    reveal(next);
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrow keys move between the buttons inside.
    <div className={css.holder} ref={holder} onKeyDown={onKeyDown}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODES}
        edgeTypes={EDGES}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        disableKeyboardA11y
        onlyRenderVisibleElements={run.steps.length > MANY}
        minZoom={0.08}
        maxZoom={1.6}
        zoomOnScroll={false}
        preventScrolling={false}
        panOnScroll={false}
        zoomActivationKeyCode={["Meta", "Control"]}
        proOptions={{ hideAttribution: true }}
      >
        <Controls showInteractive={false} position="bottom-right" fitViewOptions={FIT} />
        <Panel position="bottom-left">
          <Legend wires={placed.wires} />
        </Panel>
      </ReactFlow>
    </div>
  );
}

export function Graph(props: GraphProps) {
  return (
    <section className={css.graph} aria-label="graph of the steps: arrow keys move along the edges">
      <ReactFlowProvider>
        <Inner {...props} />
      </ReactFlowProvider>
    </section>
  );
}
