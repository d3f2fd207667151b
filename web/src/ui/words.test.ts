import { describe, expect, it } from "vitest";
import type { State, StepState } from "../api/types.ts";
import { FILTER_STATES, isOver, runLook, stepLook, stepWords } from "./states.ts";
import { ago, duration, size, ticking } from "./time.ts";

const STEPS: StepState[] = [
  "waiting",
  "at-gate",
  "ready",
  "running",
  "running-done",
  "recording",
  "passed",
  "failed",
  "timed-out",
  "infra",
  "cancelled",
  "skipped",
  "not-needed",
];

describe("states", () => {
  it("each have a word and a mark, not only a colour", () => {
    for (const state of STEPS) expect(stepLook(state).word.length).toBeGreaterThan(3);
    for (const state of FILTER_STATES) expect(runLook(state).mark).toBeTruthy();
    const final = ["passed", "failed", "timed-out", "infra", "cancelled", "not-needed"] as State[];
    expect(new Set(final.map((state) => runLook(state).mark)).size).toBe(final.length);
  });

  it("are over exactly when they never change again", () => {
    expect(STEPS.filter(isOver)).toEqual([
      "passed",
      "failed",
      "timed-out",
      "infra",
      "cancelled",
      "skipped",
      "not-needed",
    ]);
    expect(FILTER_STATES.filter((state) => !isOver(state))).toEqual(["queued", "running", "waiting"]);
  });

  it("that are unknown are shown as they are, never as passed", () => {
    for (const odd of ["exploded", "constructor", "__proto__"]) {
      expect(stepLook(odd as StepState)).toMatchObject({ word: odd, tone: "infra" });
      expect(runLook(odd as State).tone).toBe("infra");
    }
  });

  it("tell the exit code of a failure", () => {
    expect(stepWords("failed", 101)).toBe("failed (101)");
    expect(stepWords("failed", null)).toBe("failed");
    expect(stepWords("passed", 0)).toBe("passed");
  });
});

describe("times and sizes", () => {
  it("reads durations", () => {
    expect([0, 420, 9_949, 9_960, 59_499, 61_000, 3_600_000, 90_000_000].map(duration)).toEqual([
      "0.0 s",
      "0.4 s",
      "9.9 s",
      "10 s",
      "59 s",
      "1 min 01 s",
      "1 h 00 min",
      "1 d 1 h",
    ]);
    expect(duration(-5)).toBe("0 s");
    expect(ticking(1999)).toBe("1 s");
  });

  it("reads ages and sizes", () => {
    const now = 1_700_000_000_000;
    expect([3, 42, 180, 7200, 200_000].map((s) => ago(now - s * 1000, now))).toEqual([
      "just now",
      "42 s ago",
      "3 min ago",
      "2 h ago",
      "2 d ago",
    ]);
    expect([1, 1023, 1536, 1024 ** 3].map(size)).toEqual(["1 byte", "1023 bytes", "1.5 KiB", "1.0 GiB"]);
  });
});
