import { describe, expect, it } from "vitest";
import { allRuns } from "../../mock/runs.ts";
import type { EdgeKind } from "../api/types.ts";
import { type Box, layout, type Shape, shapeKey } from "./layout.ts";
import { move } from "./move.ts";

const edge = (from: number, to: number, ...kinds: EdgeKind[]) => ({ from, to, kinds });
const steps = (...pipelines: number[]) => pipelines.map((pipeline, index) => ({ index, pipeline }));
const DIAMOND: Shape = {
  pipelines: [{ index: 0, after: [], gate: null }],
  steps: steps(0, 0, 0, 0),
  edges: [edge(0, 1, "value"), edge(0, 2, "volume"), edge(1, 3, "env"), edge(2, 3, "order")],
  gates: [],
};
const TWO: Shape = {
  pipelines: [
    { index: 0, after: [], gate: null },
    { index: 1, after: [0], gate: 0 },
  ],
  steps: steps(0, 0, 1, 1),
  edges: [edge(0, 1, "volume"), edge(2, 3, "value")],
  gates: [{ index: 0, pipeline: 1, step: null }],
};

const overlap = (a: Box, b: Box) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
const inside = (a: Box, b: Box) =>
  a.x >= b.x && a.y >= b.y && a.x + a.width <= b.x + b.width && a.y + a.height <= b.y + b.height;

describe("layout", () => {
  it("runs from left to right along every edge", () => {
    const { steps: at } = layout(DIAMOND);
    for (const { from, to } of DIAMOND.edges)
      expect(at.get(from)!.x + at.get(from)!.width).toBeLessThan(at.get(to)!.x);
  });

  it("puts gates before what they guard, and steps into their frames", () => {
    const placed = layout(TWO);
    expect(placed.gates.get(0)!.x).toBeLessThan(placed.steps.get(2)!.x);
    for (const { index, pipeline } of TWO.steps)
      expect(inside(placed.steps.get(index)!, placed.frames.get(pipeline)!)).toBe(true);
    expect(inside(placed.gates.get(0)!, placed.frames.get(1)!)).toBe(true);
    expect(overlap(placed.frames.get(0)!, placed.frames.get(1)!)).toBe(false);
  });

  it("guards a pipeline by its first steps only", () => {
    const guarded = layout(TWO).wires.filter((wire) => wire.from === "g0");
    expect(guarded.map((wire) => wire.to)).toEqual(["s2"]);
  });

  it("puts a step's own gate behind what the step uses, and before the step", () => {
    const gated: Shape = {
      ...DIAMOND,
      edges: [edge(0, 1, "value"), edge(0, 2, "volume"), edge(1, 3, "order"), edge(2, 3, "volume", "order")],
      gates: [{ index: 0, pipeline: 0, step: 3 }],
    };
    const placed = layout(gated);
    const gate = placed.gates.get(0)!;
    for (const step of [1, 2]) expect(placed.steps.get(step)!.x).toBeLessThan(gate.x);
    expect(gate.x).toBeLessThan(placed.steps.get(3)!.x);
    const leads = placed.wires.map((wire) => wire.id);
    expect(leads).toEqual(["s0-s1", "s0-s2", "s1-g0", "s2-s3", "g0-s3"]);
    expect(move(placed, 1, "ArrowRight")).toBe(3);
    expect(move(placed, 3, "ArrowLeft")).not.toBeNull();
  });

  it("keeps every wire inside its frame", () => {
    const long: Shape = {
      ...DIAMOND,
      edges: [
        edge(0, 1, "value"),
        edge(1, 2, "value"),
        edge(2, 3, "value"),
        edge(0, 3, "value"),
        edge(0, 2, "env"),
        edge(1, 3, "env"),
      ],
    };
    const placed = layout(long);
    const frame = placed.frames.get(0)!;
    for (const { route } of placed.wires) {
      const heights = [...route!.path.matchAll(/,(-?[\d.]+)/g)].map((match) => Number(match[1]));
      for (const y of heights) expect(y > frame.y && y < frame.y + frame.height).toBe(true);
    }
  });

  it("stacks the frames where the room is narrow, and sets them side by side where it is wide", () => {
    const wide = layout(TWO, { width: 4000, height: 300 }).frames;
    const high = layout(TWO, { width: 500, height: 900 }).frames;
    expect(wide.get(1)!.x).toBeGreaterThan(wide.get(0)!.x + wide.get(0)!.width);
    expect(high.get(1)!.y).toBeGreaterThan(high.get(0)!.y + high.get(0)!.height);
  });

  it("is the same for the same shape, and does not change what it is given", () => {
    const before = structuredClone(TWO);
    expect(layout(TWO)).toEqual(layout(TWO));
    expect(TWO).toEqual(before);
    expect(shapeKey(TWO)).toBe(shapeKey(before));
    expect(shapeKey(TWO)).not.toBe(shapeKey(DIAMOND));
  });

  it("lays out a run without steps", () => {
    const placed = layout({
      pipelines: [{ index: 0, after: [], gate: null }],
      steps: [],
      edges: [],
      gates: [],
    });
    expect(placed.frames.get(0)!.width).toBeGreaterThan(0);
    expect(placed.wires).toEqual([]);
  });

  it("lets nothing overlap in any run of the mock, and gives every wire a way", () => {
    for (const { view } of allRuns()) {
      const placed = layout(view);
      const boxes = [...placed.steps.values(), ...placed.gates.values()];
      if (boxes.length > 50) continue;
      for (const [i, a] of boxes.entries())
        for (const b of boxes.slice(i + 1)) expect(overlap(a, b)).toBe(false);
      for (const wire of placed.wires) expect(wire.route?.path).toMatch(/^M[-\d.,]+.*C/);
    }
  });

  it("lays out 1,000 steps in a few seconds", () => {
    const many: Shape = {
      pipelines: [{ index: 0, after: [], gate: null }],
      steps: steps(...Array.from({ length: 1000 }, () => 0)),
      edges: Array.from({ length: 960 }, (_, i) => edge(i, i + 40, "volume")),
      gates: [],
    };
    const start = performance.now();
    expect(layout(many).steps.size).toBe(1000);
    expect(performance.now() - start).toBeLessThan(8_000);
  }, 20_000);
});

describe("arrow keys", () => {
  const placed = layout(DIAMOND);
  it("go along the edges", () => {
    expect([1, 2]).toContain(move(placed, 0, "ArrowRight"));
    expect(move(placed, 1, "ArrowRight")).toBe(3);
    expect(move(placed, 1, "ArrowLeft")).toBe(0);
    expect(move(placed, 3, "ArrowRight")).toBeNull();
  });

  it("stay in the column up and down", () => {
    const [upper, lower] = placed.steps.get(1)!.y < placed.steps.get(2)!.y ? [1, 2] : [2, 1];
    expect(move(placed, upper, "ArrowDown")).toBe(lower);
    expect(move(placed, lower, "ArrowUp")).toBe(upper);
    expect(move(placed, upper, "ArrowUp")).toBeNull();
  });

  it("cross to the next pipeline where no edge leads on", () => {
    const two = layout(TWO, { width: 4000, height: 300 });
    expect(move(two, 1, "ArrowRight")).toBe(2);
    expect(move(two, 2, "ArrowLeft")).toBe(1);
  });
});
