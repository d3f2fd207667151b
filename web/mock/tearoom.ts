/** The scenario that has something of everything the language knows. */
import { buildRun, hash, type MockRun, type StepSpec, secondsAgo, summary } from "./build.ts";

const past = (from: number, to: number): Partial<StepSpec> => ({ state: "passed", from, to, value: "" });
const file = (path: string, length: number) => ({ path, length, sha256: hash(path) });

const STEPS: StepSpec[] = [
  { name: "deps", run: "npm ci", image: "node:22", vol: "source", ...past(300, 280), user: "1000:1000" },
  {
    name: "token",
    run: "vault read -field=token tea/registry",
    image: "hashicorp/vault",
    env: { VAULT_TOKEN: { secret: "vault-token" } },
    ...past(299, 297),
    value: "0123456789abcdef0123",
    secret: true,
  },
  {
    name: "image",
    run: "",
    vol: { ".": "source", node_modules: "deps" },
    build: {
      tags: ["registry.tea.example/room:1.4", "registry.tea.example/room:latest"],
      push: true,
      args: { NODE_ENV: "production" },
    },
    ...past(279, 240),
    value: `sha256:${hash("room")}\n`,
  },
  {
    name: "integration",
    run: "npm run test:integration -- --reporter=junit",
    image_of: "image",
    vol: "deps",
    env: {
      DATABASE_URL: "postgres://tea@database/tea",
      API_TOKEN: { step: "token" },
      NPM_TOKEN: { secret: "NPM_TOKEN" },
    },
    services: [
      {
        name: "database",
        image: "postgres:17",
        env: { POSTGRES_HOST_AUTH_METHOD: "trust" },
        ready: "pg_isready -U tea",
      },
      { name: "cache", image: "valkey:8" },
    ],
    cache: { paths: ["/root/.npm"], key: "npm", files: ["package-lock.json"], fallback: ["npm-"] },
    results: ["reports/**/*.xml", "coverage/*", "screens/*.png"],
    cpus: 1500,
    memory: 2 * 1024 ** 3,
    timeout_seconds: 600,
    workdir: "packages/room",
    note: "out of memory: a process of it was killed",
    ...past(239, 180),
    files: [
      file("reports/integration.xml", 18_204),
      file("coverage/index.html", 88_120),
      file("coverage/lcov.info", 40_961),
      file("screens/counter <b>open</b>.png", 241_004),
      file("screens/\u202egnp.nepo\n../../etc/passwd", 12),
    ],
    left_out: [
      { path: "coverage/latest", why: "it is a symbolic link" },
      { path: "screens/all.png", why: "it is 3.2 GiB, and at most 1 GiB of a file is kept" },
    ],
  },
  {
    name: "lint",
    run: "npm run lint",
    image: "node:22",
    vol: "deps",
    allow_failure: true,
    state: "failed",
    code: 2,
    from: 279,
    to: 262,
    reason: "the command ended with exit code 2",
  },
  {
    name: "notify-slack",
    kind: "image",
    run: "",
    image: "plugins/slack",
    after: ["integration"],
    env: { SLACK_WEBHOOK: { secret: "slack-webhook" }, CHANNEL: "#tea" },
    status: "always",
    state: "ready",
    notice: "pulling plugins/slack: 12 of 30 MB",
  },
  {
    name: "rollback",
    run: "make rollback",
    after: ["integration"],
    status: "failure",
    state: "not-needed",
    reason: "`status: failure`: all that it rests on passed",
  },
  {
    name: "docs",
    run: "make docs",
    vol: "source",
    when: { branches: ["main"], tags: [], events: [], paths: ["docs/**", "!docs/drafts/**"] },
    state: "not-needed",
    reason: "none of the changed paths matches docs/**, !docs/drafts/**",
  },
  {
    name: "ship",
    run: "kubectl set image deploy/room room=$(cat {image})",
    image: "bitnami/kubectl",
    values: ["image"],
    after: ["integration"],
    done: "kubectl rollout status deploy/room",
    done_every: 5,
    state: "running-done",
    from: 60,
    done_from: 40,
  },
];

export const tearoom = (): MockRun =>
  buildRun({
    summary: summary({
      number: 5,
      state: "running",
      event: "schedule",
      title: "Open the tea room",
      created_at: secondsAgo(305),
      started_at: secondsAgo(300),
    }),
    repository: "maren/tearoom",
    pipelines: [
      { name: "tearoom", number: 5, state: "running", steps: STEPS },
      {
        name: "party",
        number: 2,
        state: "waiting",
        gate: "waiting",
        note: "Sends the invitations.",
        allowed: ["maren", "tea/baristas"],
        steps: [{ name: "invite", run: "make invite", state: "at-gate" }],
      },
    ],
  });
