import { describe, expect, it } from "vitest";
import { gate, running, shipped } from "../../mock/teashop.ts";
import { defaultStep, readView, runPath, stepName, stepNamed, writeView } from "./address.ts";

const from = (text: string) => readView(new URLSearchParams(text));
const changed = (text: string, change: Parameters<typeof writeView>[1]) =>
  writeView(new URLSearchParams(text), change).toString();

describe("the address as state", () => {
  it("reads what it writes", () => {
    const text =
      "step=deploy&tab=value&phase=done&attempt=2&line=120&find=x+y&times=1&wrap=0&runs=1&branch=main&state=failed";
    expect(changed(text, {})).toBe(text);
    expect(from(text)).toMatchObject({
      step: "deploy",
      tab: "value",
      phase: "done",
      attempt: 2,
      line: "120",
      find: "x y",
    });
  });

  it("takes nonsense for nothing", () => {
    expect(from("tab=__proto__&phase=x&attempt=-1&line=javascript:1&wrap=")).toMatchObject({
      tab: "log",
      phase: null,
      attempt: null,
      line: null,
    });
  });

  it("leaves out what is as it would be anyway", () => {
    expect(changed("", { tab: "log", wrap: true, times: false, find: "" })).toBe("");
  });

  it("drops what belonged to the step before", () => {
    expect(changed("step=a&tab=value&phase=done&attempt=2&line=7&find=x&times=1", { step: "b" })).toBe(
      "step=b&tab=value&times=1",
    );
  });

  it("keeps line addresses by number and by offset", () => {
    expect(from("line=@1048576.3").line).toBe("@1048576.3");
    expect(from("line=17").line).toBe("17");
  });

  it("escapes names in paths", () => {
    expect(runPath("local", "a/b?c#d", 3)).toBe("/results/local/a%2Fb%3Fc%23d/3");
  });
});

describe("steps by name", () => {
  const run = gate();
  it("are short in their own pipeline and long in another's", () => {
    expect(stepName(run, stepNamed(run, "create-stack")!)).toBe("create-stack");
    expect(stepName(run, stepNamed(run, "teashop/build")!)).toBe("teashop/build");
  });

  it("are not found where there are none", () => {
    for (const name of [null, "build", "nothing/build", "__proto__", "teashop/"])
      expect(stepNamed(run, name)).toBeNull();
  });
});

describe("the step that is shown when nobody chose", () => {
  const name = (run: ReturnType<typeof running>) =>
    run.steps.find((step) => step.index === defaultStep(run))?.name;
  it("is the one that failed, else the one that runs, else the last", () => {
    const run = running();
    expect(name(run)).toBe("unit-tests");
    run.steps.find((step) => step.name === "lint")!.state = "failed";
    expect(name(run)).toBe("lint");
    expect(name(shipped(80))).toBe("browser-tests");
  });

  it("is none where there are no steps", () => {
    expect(defaultStep({ ...running(), steps: [] })).toBeNull();
  });
});
