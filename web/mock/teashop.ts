/** The scenario that people look at: a shop that is built, tested, and shipped after a click. */
import { buildRun, type MockRun, type PipelineSpec, type StepSpec, summary } from "./build.ts";

const NODE = "node:22-alpine";
const VERSION = "2.14.0-b81\n";
const COVERAGE = JSON.stringify({
  tests: 212,
  failed: 0,
  seconds: 14.2,
  coverage: { lines: 94.1, branches: 88.7 },
  slowest: [
    { name: "brews oolong for 180 s", seconds: 2.31 },
    { name: "refuses milk before tea", seconds: 1.04 },
  ],
  host: null,
});

/** @param at `running`: the tests are going; `gate`: all is ready for the click; `shipped`: green. */
export function shop(at: "running" | "gate" | "shipped"): PipelineSpec {
  const running = at === "running";
  const past = (from: number, to: number): Partial<StepSpec> => ({ state: "passed", from, to });
  const going: Partial<StepSpec> = { state: "running", from: 31 };
  return {
    name: "teashop",
    number: 81,
    state: running ? "running" : "passed",
    steps: [
      {
        name: "version",
        run: "git describe --tags | sed s/^v//",
        image: "alpine/git",
        vol: "source",
        value: VERSION,
        ...past(126, 124.4),
      },
      { name: "install", run: "npm ci", image: NODE, vol: "source", value: "", ...past(126, 98) },
      { name: "lint", run: "npm run lint", image: NODE, vol: "install", value: "", ...past(97.6, 88) },
      {
        name: "unit-tests",
        run: "npm test -- --reporter=json",
        image: NODE,
        vol: "install",
        ...(running ? going : { ...past(97.5, 70), value: COVERAGE }),
      },
      {
        name: "build",
        run: "npm run build -- --version $VERSION",
        image: NODE,
        vol: "install",
        env: { VERSION: { step: "version" }, NODE_ENV: "production" },
        ...(running ? { state: "running", from: 58 } : { ...past(97.5, 61), value: "" }),
      },
      {
        name: "browser-tests",
        run: "npx playwright test",
        image: "mcr.microsoft.com/playwright",
        vol: "build",
        ...(running ? { reason: "waits for build" } : { ...past(60.5, 52), value: "" }),
      },
      {
        name: "package",
        run: "tar czf teashop-$(cat {version}).tar.gz dist && sha256sum *.tar.gz",
        image: NODE,
        vol: "build",
        values: ["version", "unit-tests"],
        after: ["lint"],
        ...(running ? {} : { ...past(60.4, 57.9), value: "5b2c1f0a9e77  teashop-2.14.0-b81.tar.gz\n" }),
      },
    ],
  };
}

export function deploy(at: "closed" | "waiting" | "shipped"): PipelineSpec {
  const shipped = at === "shipped";
  const past = (from: number, to: number): Partial<StepSpec> =>
    shipped ? { state: "passed", from, to, value: "ok\n" } : {};
  const held: Partial<StepSpec> = at === "waiting" ? { state: "at-gate" } : {};
  return {
    name: "deploy",
    number: 34,
    state: shipped ? "passed" : at === "waiting" ? "waiting" : "queued",
    after: [0],
    gate: shipped ? "open" : at,
    note: "Ships to the shop floor. Tell the baristas.",
    steps: [
      {
        name: "assume-role",
        image: "amazon/aws-cli",
        run: "aws sts assume-role --role-arn arn:aws:iam::210987654321:role/deploy --role-session-name deploy",
        ...held,
        ...past(39, 37.2),
      },
      {
        name: "session-token",
        image: "amazon/aws-cli",
        run: "cat {assume-role} | jq -r .Credentials.SessionToken",
        values: ["assume-role"],
        ...past(37.1, 36.6),
      },
      {
        name: "create-stack",
        image: "amazon/aws-cli",
        run: "aws cloudformation create-stack --stack-name teashop --template-body file://infrastructure.yaml",
        done: "aws cloudformation wait stack-create-complete --stack-name teashop",
        vol: "source",
        env: { AWS_SESSION_TOKEN: { step: "session-token" } },
        ...past(36.5, 4),
        ...(shipped ? { done_from: 33 } : {}),
      },
    ],
  };
}

const TITLE = "Warm the pot before the first brew";
const MESSAGE = `${TITLE}\n\nCold pots took 4 °C off every cup. Measured on the shop floor.`;

export const running = (): MockRun =>
  buildRun({
    summary: summary({ number: 81, state: "running", title: TITLE, busy_ms: 126_000 }),
    message: MESSAGE,
    repository: "maren/teashop",
    pipelines: [shop("running"), deploy("closed")],
  });

export const gate = (): MockRun =>
  buildRun({
    summary: summary({ number: 34, state: "waiting", title: TITLE, busy_ms: 0, started_at: null }),
    message: MESSAGE,
    repository: "maren/teashop",
    pipelines: [shop("gate"), deploy("waiting")],
    about: 1,
  });

export const shipped = (number: number): MockRun =>
  buildRun({
    summary: summary({
      number,
      state: "passed",
      title: TITLE,
      ended_at: new Date(Date.now() - 4000).toISOString(),
    }),
    message: MESSAGE,
    repository: "maren/teashop",
    pipelines: [shop("shipped"), deploy("shipped")],
  });

/** Values that the mock's steps gave, by name. */
export const VALUES: Record<string, string> = {
  version: VERSION,
  "unit-tests": COVERAGE,
  package: "5b2c1f0a9e77  teashop-2.14.0-b81.tar.gz\n",
};
