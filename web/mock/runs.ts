/** All the runs of the mock, by pipeline. */
import type { Diagnostic, RunSummary, State } from "../src/api/types.ts";
import { buildRun, type MockRun, type PipelineSpec, type StepSpec, secondsAgo, summary } from "./build.ts";
import { deep, diamonds, wide } from "./large.ts";
import { tearoom } from "./tearoom.ts";
import { gate, running, shipped } from "./teashop.ts";

const EVIL = `<img src=x onerror=alert(1)></script><script>alert(2)</script>`;

function failed(): MockRun {
  const past = (from: number, to: number): Partial<StepSpec> => ({ state: "passed", from, to, value: "" });
  return buildRun({
    summary: summary({
      number: 12,
      state: "failed",
      title: "Serve biscuits with the tea",
      author: "jonas",
      branch: "biscuits",
      created_at: secondsAgo(3600),
      started_at: secondsAgo(3598),
      ended_at: secondsAgo(3540),
      busy_ms: 58_000,
    }),
    repository: "maren/kettle",
    pipelines: [
      {
        name: "kettle",
        number: 12,
        state: "failed",
        steps: [
          {
            name: "fetch",
            run: "cargo fetch --locked",
            image: "rust:1.95",
            vol: "source",
            ...past(3598, 3590),
          },
          {
            name: "clippy",
            run: "cargo clippy -- -D warnings",
            image: "rust:1.95",
            vol: "fetch",
            ...past(3589, 3571),
          },
          {
            name: "test",
            run: "cargo test --all --color=always",
            image: "rust:1.95",
            vol: "fetch",
            state: "failed",
            code: 101,
            from: 3589,
            to: 3552,
            attempt: 1,
          },
          {
            name: "docs",
            run: "cargo doc",
            image: "rust:1.95",
            vol: "fetch",
            state: "timed-out",
            from: 3589,
            to: 3545,
            reason: "its time (44 s) was up",
          },
          {
            name: "publish",
            run: "cargo publish",
            image: "rust:1.95",
            vol: "test",
            state: "skipped",
            reason: "skipped because test failed (101)",
          },
          {
            name: "announce",
            run: "notify {publish}",
            values: ["publish"],
            state: "skipped",
            reason: "skipped because publish was skipped",
          },
          {
            name: "bench",
            run: "cargo bench",
            vol: "fetch",
            state: "infra",
            from: 3589,
            to: 3580,
            reason: "the docker engine went away: connection reset while starting the container",
          },
        ],
      },
    ],
  });
}

function diagnostic(part: Partial<Diagnostic>): Diagnostic {
  return {
    severity: "error",
    message: "unknown key `comand` in step `brew`",
    file: "kettle.dockercise.yaml",
    line: 7,
    column: 3,
    span: { offset: 96, len: 6 },
    text: "  comand: tea --brew {leaves}",
    cut: 0,
    help: "did you mean `run`? a step has `img`, `run`, `vol`, `env`, `done`, `after`, `timeout`",
    related: [],
    ...part,
  };
}

function badFile(): MockRun {
  const view = buildRun({
    summary: summary({
      number: 13,
      state: "failed",
      title: "Rename the run key",
      author: "jonas",
      started_at: null,
      busy_ms: 0,
      ended_at: secondsAgo(60),
    }),
    repository: "maren/kettle",
    pipelines: [{ name: "broken", number: 13, state: "failed", steps: [] }],
    diagnostics: [
      diagnostic({}),
      diagnostic({
        message: "step `pour` stands twice in this file",
        line: 14,
        column: 1,
        span: { offset: 190, len: 4 },
        text: "pour:",
        help: "give one of them another name",
        related: [
          {
            label: "first here",
            file: "kettle.dockercise.yaml",
            line: 9,
            column: 1,
            span: { offset: 120, len: 4 },
            text: "pour:",
            cut: 0,
          },
        ],
      }),
      diagnostic({
        severity: "warning",
        message: "step `print` is named like a common construct: `{print}` in `awk '{print}'` means the step",
        line: 20,
        column: 1,
        span: { offset: 260, len: 5 },
        text: "print:",
        help: "write `'\\{print}'` where awk's word is meant",
      }),
    ],
  });
  return view;
}

function large(): MockRun {
  const steps: StepSpec[] = [
    {
      name: "source-list",
      run: "ls services",
      vol: "source",
      state: "passed",
      from: 900,
      to: 899,
      value: "",
    },
  ];
  const states: StepSpec["state"][] = ["passed", "passed", "passed", "running", "waiting"];
  for (let i = 0; i < 299; i++) {
    const lane = i % 23;
    const depth = Math.floor(i / 23);
    const state = states[Math.min(4, Math.floor(depth / 3))]!;
    const prior = depth === 0 ? "source-list" : `service-${lane}-${depth - 1}`;
    steps.push({
      name: `service-${lane}-${depth}`,
      run: "make check",
      ...(lane % 2 === 0 ? { vol: prior } : { values: [prior] }),
      state,
      ...(state === "waiting" ? {} : { from: 890 - depth * 60 - lane }),
      ...(state === "passed" ? { to: 840 - depth * 60 - lane, value: "" } : {}),
    });
  }
  return buildRun({
    summary: summary({
      number: 7,
      state: "running",
      title: "Check every service",
      started_at: secondsAgo(900),
      created_at: secondsAgo(905),
    }),
    repository: "maren/everything",
    pipelines: [{ name: "monorepo", number: 7, state: "running", steps }],
  });
}

function evil(): MockRun {
  const pipeline: PipelineSpec = {
    name: "hostile",
    number: 3,
    state: "failed",
    note: EVIL,
    steps: [
      {
        name: "constructor",
        run: `echo '${EVIL}'`,
        image: EVIL,
        state: "failed",
        code: 1,
        from: 40,
        to: 30,
        reason: EVIL,
      },
      { name: "x".repeat(63), run: "true", after: ["constructor"], state: "skipped", reason: EVIL },
    ],
  };
  const view = buildRun({
    summary: summary({
      number: 3,
      state: "failed",
      title: EVIL,
      author: EVIL,
      branch: EVIL,
      ended_at: secondsAgo(30),
    }),
    message: EVIL,
    repository: EVIL,
    pipelines: [pipeline],
    diagnostics: [diagnostic({ message: EVIL, text: EVIL, help: EVIL, file: EVIL })],
  });
  view.commit.url = "javascript:alert(3)";
  return view;
}

function bigLog(): MockRun {
  return buildRun({
    summary: summary({ number: 2, state: "passed", title: "Write a lot", ended_at: secondsAgo(10) }),
    repository: "maren/everything",
    pipelines: [
      {
        name: "biglog",
        number: 2,
        state: "passed",
        steps: [
          { name: "gigabyte", run: "yes | head -c 1G", state: "passed", from: 60, to: 20, value: "" },
          {
            name: "long-line",
            run: "head -c 100M /dev/zero | tr '\\0' x",
            state: "passed",
            from: 60,
            to: 20,
            value: "",
          },
        ],
      },
    ],
  });
}

/** Earlier runs, only as rows of a list. */
function history(view: MockRun, states: State[]): RunSummary[] {
  const titles = [
    "Steep longer",
    "Fix the spout",
    "Use loose leaf",
    "Add a second kettle",
    "Update the menu",
    "Wash the cups",
  ];
  const people = ["maren", "jonas", "ines"];
  return states.map((state, i) => {
    const number = view.number - 1 - i;
    return summary({
      number,
      state,
      title: titles[(number * 7) % titles.length]!,
      author: people[(number * 5) % people.length]!,
      branch: i % 4 === 2 ? "biscuits" : "main",
      created_at: secondsAgo(4000 * (i + 1)),
      started_at: secondsAgo(4000 * (i + 1) - 2),
      ended_at: secondsAgo(4000 * (i + 1) - 60 - ((number * 37) % 80)),
      busy_ms: 40_000 + ((number * 7919) % 90_000),
    });
  });
}

export interface Held {
  view: MockRun;
  older: RunSummary[];
}

const P: State = "passed";
const F: State = "failed";

export function allRuns(): Held[] {
  const runs: Held[] = [];
  const add = (view: MockRun, states: State[] = []) => runs.push({ view, older: history(view, states) });
  add(running(), [P, P, F, P, P, "cancelled", P, P, P, F, P, P, P, P, P, P]);
  add(gate(), [P, P, P, P, "infra", P, P, P]);
  add(failed(), [P, P, P, F, F, P, P, "timed-out", P, P]);
  add(badFile(), [P, P, P]);
  add(large(), [P, P, P, P, P, P]);
  add(tearoom(), [P, P]);
  for (const make of [wide, deep, diamonds]) add(make());
  add(bigLog());
  add(evil(), ["not-needed", P]);
  return runs;
}

/** A finished run for a number that is only a row: so that every link of the mock leads somewhere. */
export function past(held: Held, row: RunSummary): MockRun {
  if (held.view.pipeline === "teashop" || held.view.pipeline === "deploy") {
    const view = shipped(row.number);
    const about = held.view.pipeline === "deploy" ? 1 : 0;
    for (const one of view.pipelines) one.this = one.index === about;
    view.pipelines[about]!.number = row.number;
    return { ...view, pipeline: held.view.pipeline, summary: row, newest: held.view.number };
  }
  return { ...held.view, number: row.number, summary: row, newest: held.view.number };
}
