import { describe, expect, it } from "vitest";
import { running, shipped } from "../../mock/teashop.ts";
import { heights } from "../home/bars.ts";
import { search, waiting } from "../home/HomePage.tsx";
import { phases } from "./DetailsTab.tsx";
import { caret } from "./Diagnostics.tsx";
import { hex, show } from "./value.ts";
import { ticks, waterfall } from "./waterfall.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("a value", () => {
  it("is JSON, text, bytes or nothing", () => {
    expect(show(bytes('{"a": [1]}\n'), true)).toMatchObject({ kind: "json", json: { a: [1] } });
    expect(show(bytes("{ not json"), true).kind).toBe("text");
    expect(show(bytes("é"), true)).toEqual({ kind: "text", text: "é" });
    expect(show(Uint8Array.of(0, 1, 255), true).kind).toBe("bytes");
    expect(show(bytes(""), true).kind).toBe("empty");
  });

  it("may be cut inside a character, and is text then", () => {
    expect(show(bytes("é").subarray(0, 1), false).kind).toBe("text");
    expect(show(bytes("é").subarray(0, 1), true).kind).toBe("bytes");
  });

  it("nested a thousand deep is text", () => {
    expect(show(bytes("[".repeat(1000) + "]".repeat(1000)), true).kind).toBe("text");
  });

  it("of bytes is shown as hexdump does", () => {
    expect(hex(bytes("tea\n"))).toBe("00000000  74 65 61 0a                                      tea.");
  });
});

describe("a caret", () => {
  const at = (text: string, column: number, len: number, cut = 0) =>
    caret({ text, column, cut, span: { offset: 0, len } });
  it("counts characters where the span counts bytes", () => {
    expect(at("é: brüh", 4, 5)).toEqual({ before: 3, length: 4 });
    expect(at("abc", 2, 0)).toEqual({ before: 1, length: 1 });
    expect(at("abc", 2, 999)).toEqual({ before: 1, length: 2 });
  });

  it("stands right in a line that was cut, and within any line", () => {
    expect(at("0123456789", 1003, 2, 1000)).toEqual({ before: 2, length: 2 });
    expect(at("ab", 900, 3)).toEqual({ before: 2, length: 1 });
  });
});

describe("the timeline", () => {
  it("has a bar for each step that started, in order, within the whole", () => {
    const run = shipped(80);
    const { bars, span } = waterfall(run, Date.now());
    expect(bars).toHaveLength(run.steps.length);
    expect(span).toBeGreaterThan(0);
    for (const bar of bars) {
      expect(bar.from).toBeGreaterThanOrEqual(0);
      expect(bar.to).toBeLessThanOrEqual(1);
      expect(bar.done ?? bar.from).toBeGreaterThanOrEqual(bar.from);
    }
    expect(bars.map((bar) => bar.from)).toEqual(bars.map((bar) => bar.from).toSorted((a, b) => a - b));
  });

  it("lets a running step reach to now", () => {
    const run = running();
    const now = Date.now() + 60_000;
    const bar = waterfall(run, now).bars.find((one) => one.step.name === "unit-tests")!;
    expect(bar.to).toBeCloseTo(1, 9);
    expect(waterfall({ ...run, steps: [] }, now)).toMatchObject({ bars: [], pauses: [], span: 0 });
  });

  it("draws a long wait short, so that what ran stays visible", () => {
    const [first, second] = shipped(80).steps;
    const at = (seconds: number) => new Date(1_700_000_000_000 + seconds * 1000).toISOString();
    const steps = [
      { ...first!, started_at: at(0), finished_at: at(4) },
      { ...second!, started_at: at(1004), finished_at: at(1010) },
    ];
    const { bars, pauses, span, place } = waterfall({ ...running(), steps }, Date.now());
    expect(span).toBe(10_000);
    expect(pauses).toHaveLength(1);
    expect(pauses[0]!.millis).toBe(1_000_000);
    expect(pauses[0]!.to - pauses[0]!.from).toBeCloseTo(0.06 / 1.06);
    expect(bars.map((bar) => bar.to - bar.from)).toEqual([
      expect.closeTo(0.4 / 1.06),
      expect.closeTo(0.6 / 1.06),
    ]);
    expect(place(4_000)).toBeCloseTo(bars[1]!.from);
    expect(place(10_000)).toBeCloseTo(1);
    expect(bars[1]!.to).toBeCloseTo(1);
  });

  it("marks round times, at most six", () => {
    for (const span of [1, 900, 5_000, 61_000, 3_600_000, 10 ** 9])
      expect(ticks(span).length).toBeLessThanOrEqual(6);
    expect(ticks(61_000)).toEqual([15_000, 30_000, 45_000]);
  });

  it("tells the phases apart", () => {
    const step = shipped(80).steps.find((one) => one.name === "create-stack")!;
    expect(phases(step, Date.now()).map((phase) => [phase.name, phase.going])).toEqual([
      ["run", false],
      ["done", false],
    ]);
    expect(phases({ ...step, started_at: null }, 0)).toEqual([]);
  });
});

describe("the first page", () => {
  const row = (pipeline: string, ...runs: ReturnType<typeof running>["summary"][]) => ({
    account: "local",
    pipeline,
    repository: "maren/teashop",
    runs,
  });
  const run = running().summary;

  it("finds rows by every word, in any name", () => {
    const rows = [row("teashop", run), row("kettle")];
    expect(search(rows, "").length).toBe(2);
    expect(search(rows, "MAREN tea").length).toBe(2);
    expect(search(rows, "warm main").map((one) => one.pipeline)).toEqual(["teashop"]);
    expect(search(rows, "nothing")).toEqual([]);
  });

  it("puts what waits for a click on top, newest first", () => {
    const wait = (number: number, created_at: string) => ({
      ...run,
      number,
      created_at,
      state: "waiting" as const,
    });
    const rows = [row("a", wait(1, "2026-01-01T00:00:00Z"), run), row("b", wait(2, "2026-01-02T00:00:00Z"))];
    expect(waiting(rows).map((one) => one.run.number)).toEqual([2, 1]);
  });

  it("draws bars oldest first, none invisible", () => {
    const bars = heights([
      { ...run, number: 2, busy_ms: 0 },
      { ...run, number: 1, busy_ms: 100 },
    ]);
    expect(bars.map((bar) => [bar.run.number, bar.height])).toEqual([
      [1, 1],
      [2, 0.28],
    ]);
  });
});
