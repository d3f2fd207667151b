/**
 * Where everything of a run's graph stands. Pure: the same shape gives the same places, whatever the states are.
 *
 * Two levels: the steps and gates of each pipeline are laid out by themselves, left to right, which gives a frame its
 * size; then the frames are laid out as nodes of their own.
 */
import dagre from "@dagrejs/dagre";
import type { EdgeKind, EdgeView, GateView, PipelineView, StepLine } from "../api/types.ts";
import { across, downwards, type Route } from "./route.ts";

/** All sizes are in pixels. */
export const STEP = { width: 194, height: 62 } as const;
export const GATE = { width: 160, height: 92 } as const;
export const FRAME = { top: 44, side: 20, bottom: 20, emptyWidth: 240, emptyHeight: 104 } as const;
const GAP = { rank: 64, node: 18, lane: 24, frameRank: 64, frameNode: 32 } as const;

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}
export interface Wire {
  id: string;
  from: string;
  to: string;
  kinds: EdgeKind[];
  /** How it runs; null where it goes straight from one to the other. */
  route: Route | null;
}
export interface Layout {
  /** By pipeline index. */
  frames: Map<number, Box>;
  /** By step index; absolute, not inside the frame. */
  steps: Map<number, Box>;
  /** By gate index. */
  gates: Map<number, Box>;
  wires: Wire[];
  /** Of everything together. */
  width: number;
  height: number;
}

/** What the layout looks at; states, times and names play no part in it. */
export interface Shape {
  pipelines: Pick<PipelineView, "index" | "after" | "gate">[];
  steps: Pick<StepLine, "index" | "pipeline">[];
  edges: EdgeView[];
  gates: Pick<GateView, "index" | "pipeline" | "step">[];
}

export const stepId = (index: number) => `s${index}`;
export const gateId = (index: number) => `g${index}`;
export const frameId = (index: number) => `p${index}`;

/** Two views of one shape have the same key: nothing is laid out again while states change. */
export function shapeKey(shape: Shape): string {
  return JSON.stringify([
    shape.pipelines.map((p) => [p.index, p.after, p.gate]),
    shape.steps.map((s) => [s.index, s.pipeline]),
    shape.edges.map((e) => [e.from, e.to, e.kinds]),
    shape.gates.map((g) => [g.index, g.pipeline, g.step]),
  ]);
}

/** The gate in front of a step alone, by the step's index. */
function gatesOfSteps(shape: Shape): Map<number, string> {
  return new Map(
    shape.gates.flatMap((gate) => (gate.step === null ? [] : [[gate.step, gateId(gate.index)]])),
  );
}

/**
 * The wires between steps, from gates to what they guard, and between the frames. What a step with a gate only waits for,
 * and takes nothing from, leads to its gate: that is when one is asked.
 */
export function wires(shape: Shape): Wire[] {
  const found: Wire[] = [];
  const add = (from: string, to: string, kinds: EdgeKind[]) =>
    found.push({ id: `${from}-${to}`, from, to, kinds, route: null });
  const gated = gatesOfSteps(shape);
  for (const { from, to, kinds } of shape.edges) {
    const gate = kinds.every((kind) => kind === "order") ? gated.get(to) : undefined;
    add(stepId(from), gate ?? stepId(to), kinds);
  }
  const home = new Map(shape.steps.map((step) => [step.index, step.pipeline]));
  const fed = new Set(shape.edges.filter((e) => home.get(e.from) === home.get(e.to)).map((e) => e.to));
  for (const gate of shape.gates) {
    const first = shape.steps.filter((step) => step.pipeline === gate.pipeline && !fed.has(step.index));
    for (const step of gate.step === null ? first.map((one) => one.index) : [gate.step]) {
      add(gateId(gate.index), stepId(step), ["order"]);
    }
  }
  for (const pipeline of shape.pipelines) {
    for (const before of pipeline.after) add(frameId(before), frameId(pipeline.index), ["order"]);
  }
  return found;
}

/** So that a step's gate stands behind all that the step uses: links that are laid out, but not drawn. */
function guides(shape: Shape): Link[] {
  const gated = gatesOfSteps(shape);
  return shape.edges.flatMap(({ from, to }) => {
    const gate = gated.get(to);
    return gate === undefined ? [] : [{ from: stepId(from), to: gate }];
  });
}

type Size = { width: number; height: number };
type Point = { x: number; y: number };
type Direction = "LR" | "TB";
type Link = { from: string; to: string };

interface Arranged extends Size {
  places: Map<string, Box>;
  /** By `from` and `to`: the places at which a long wire passes between the nodes of a column. */
  passes: Map<string, Point[]>;
}

/** One call of the library. */
function arrange(
  nodes: Map<string, Size>,
  links: readonly Link[],
  direction: Direction,
  rank: number,
  gap: number,
): Arranged {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({
    rankdir: direction,
    ranksep: rank,
    nodesep: gap,
    edgesep: GAP.lane,
    marginx: 0,
    marginy: 0,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const [id, box] of nodes) graph.setNode(id, { ...box });
  const inside = links.filter(({ from, to }) => nodes.has(from) && nodes.has(to) && from !== to);
  // A gate stands straight in front of what it guards.
  for (const { from, to } of inside) graph.setEdge(from, to, { weight: from.startsWith("g") ? 6 : 1 });
  if (nodes.size > 0) dagre.layout(graph);
  const centres = new Set<number>();
  for (const id of nodes.keys()) centres.add(Math.round((graph.node(id) as Point).x));
  const passes = new Map<string, Point[]>();
  for (const { from, to } of inside) {
    const points = (graph.edge(from, to) as { points?: Point[] }).points ?? [];
    const through = points.slice(1, -1).filter((point) => centres.has(Math.round(point.x)));
    passes.set(`${from}-${to}`, through);
  }
  // The library leaves no room for wires that run above or below all nodes.
  const lanes = [...passes.values()].flat().map((point) => point.y);
  const top = Math.min(0, ...lanes.map((y) => y - GAP.lane / 2));
  for (const point of [...passes.values()].flat()) point.y -= top;
  const places = new Map<string, Box>();
  let width = 0;
  let height = Math.max(0, ...lanes.map((y) => y - top + GAP.lane / 2));
  for (const [id, box] of nodes) {
    const at = graph.node(id) as Point;
    const place = {
      ...box,
      x: Math.round(at.x - box.width / 2),
      y: Math.round(at.y - top - box.height / 2),
    };
    places.set(id, place);
    width = Math.max(width, place.x + place.width);
    height = Math.max(height, place.y + place.height);
  }
  return { places, passes, width, height };
}

/** How much smaller it must be drawn to fit. */
const scaleIn = (size: Size, room: Size) => Math.min(1, room.width / size.width, room.height / size.height);

/** What stands in each pipeline's frame, by its index. The larger part of the work, and the same for every room. */
export type Insides = Map<number, Arranged>;

export function insides(shape: Shape): Insides {
  const links = [...wires(shape), ...guides(shape)];
  const inner: Insides = new Map();
  for (const { index } of shape.pipelines) {
    const nodes = new Map<string, Size>();
    for (const gate of shape.gates) if (gate.pipeline === index) nodes.set(gateId(gate.index), GATE);
    for (const step of shape.steps) if (step.pipeline === index) nodes.set(stepId(step.index), STEP);
    inner.set(index, arrange(nodes, links, "LR", GAP.rank, GAP.node));
  }
  return inner;
}

/**
 * @param room what the graph is looked at in: the frames stand beside each other or below each other, as shows them
 * larger.
 */
export function layout(
  shape: Shape,
  room: Size = { width: 1600, height: 900 },
  inner: Insides = insides(shape),
): Layout {
  // Their own copies: where they run depends on the room.
  const lines = wires(shape);
  const outer = new Map<string, Size>();
  for (const [index, placed] of inner) {
    outer.set(frameId(index), {
      width: Math.max(placed.width + 2 * FRAME.side, FRAME.emptyWidth),
      height: Math.max(placed.height + FRAME.top + FRAME.bottom, FRAME.emptyHeight),
    });
  }

  const home = new Map<string, string>();
  for (const step of shape.steps) home.set(stepId(step.index), frameId(step.pipeline));
  const between = lines
    .map((wire) => ({ ...wire, from: home.get(wire.from) ?? wire.from, to: home.get(wire.to) ?? wire.to }))
    .filter((wire) => wire.from !== wire.to);
  const beside = arrange(outer, between, "LR", GAP.frameRank, GAP.frameNode);
  const below = arrange(outer, between, "TB", GAP.frameRank, GAP.frameNode);
  const down = scaleIn(below, room) > scaleIn(beside, room);
  const framed = down ? below : beside;

  const { width, height } = framed;
  const result: Layout = {
    frames: new Map(),
    steps: new Map(),
    gates: new Map(),
    wires: lines,
    width,
    height,
  };
  const boxes = new Map<string, Box>();
  for (const { index } of shape.pipelines) {
    const frame = framed.places.get(frameId(index))!;
    result.frames.set(index, frame);
    boxes.set(frameId(index), frame);
    const { places, passes } = inner.get(index)!;
    const [left, top] = [frame.x + FRAME.side, frame.y + FRAME.top];
    for (const [id, box] of places) {
      const there = { ...box, x: left + box.x, y: top + box.y };
      boxes.set(id, there);
      (id.startsWith("g") ? result.gates : result.steps).set(Number(id.slice(1)), there);
    }
    for (const wire of lines) {
      const through = passes.get(`${wire.from}-${wire.to}`);
      const [from, to] = [boxes.get(wire.from), boxes.get(wire.to)];
      if (!through || !from || !to) continue;
      wire.route = across(
        from,
        to,
        through.map((point) => ({ x: left + point.x, y: top + point.y })),
        STEP.width,
      );
    }
  }
  for (const wire of lines) {
    const [from, to] = [boxes.get(wire.from), boxes.get(wire.to)];
    if (wire.route || !from || !to) continue;
    const frames = wire.from.startsWith("p");
    wire.route = frames && down ? downwards(from, to) : across(from, to, [], 0);
  }
  return result;
}
