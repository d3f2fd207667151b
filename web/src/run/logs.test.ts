import { describe, expect, it } from "vitest";
import { tearoom } from "../../mock/tearoom.ts";
import { withNotices } from "../api/queries.ts";
import type { StepLine } from "../api/types.ts";
import { readView } from "./address.ts";
import { chosenLog, logKey, logName, logsOf } from "./logs.ts";

const run = tearoom();
const line = (name: string): StepLine => run.steps.find((one) => one.name === name)!;
const details = (name: string) => {
  const step = line(name);
  return { step, ...run.details[step.index]! };
};
const keys = (logs: ReturnType<typeof logsOf>) => logs.map(logKey);
const view = (query: string) => readView(new URLSearchParams(query));

describe("a step's logs", () => {
  it("follow from its line before its details are there, and are then the same", () => {
    expect(keys(logsOf(line("ship"), undefined))).toEqual(["1/run/", "1/done/"]);
    expect(keys(logsOf(line("ship"), details("ship")))).toEqual(["1/run/", "1/done/"]);
    expect(keys(logsOf(line("docs"), undefined))).toEqual([]);
    const again: StepLine = { ...line("deps"), attempt: 2 };
    expect(keys(logsOf(again, undefined))).toEqual(["1/run/", "2/run/"]);
  });

  it("have those of its services behind them", () => {
    const logs = logsOf(line("integration"), details("integration"));
    expect(keys(logs)).toEqual(["1/run/", "1/run/cache", "1/run/database"]);
    expect(logs.map((log) => logName(log, false))).toEqual(["run", "cache", "database"]);
    expect(logName({ ...logs[1]!, phase: "done" }, true)).toBe("1: cache (done)");
    const step = line("integration");
    expect(logKey(chosenLog(step, logs, view("service=database"))!)).toBe("1/run/database");
    expect(logKey(chosenLog(step, logs, view(""))!)).toBe("1/run/");
    expect(logKey(chosenLog(step, logs, view("service=gone"))!)).toBe("1/run/");
  });

  it("are chosen where things happen", () => {
    const ship = line("ship");
    expect(chosenLog(ship, logsOf(ship, undefined), view(""))?.phase).toBe("done");
    expect(chosenLog(ship, logsOf(ship, undefined), view("phase=run"))?.phase).toBe("run");
  });
});

describe("what goes on right now", () => {
  it("changes the lines it is about, and no other", () => {
    const told = withNotices(run, new Map([[line("ship").index, "pulling x"]]));
    expect(told.steps.find((one) => one.name === "ship")?.notice).toBe("pulling x");
    expect(told.steps.find((one) => one.name === "notify-slack")?.notice).toBeNull();
    expect(told.steps[0]).toBe(run.steps[0]);
  });
});
