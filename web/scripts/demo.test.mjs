// The pages on the real thing: `demo` (stand-in for GitHub, server, a real push, real containers), watched in Chromium.
// Needs the demo's binary, which `make web-e2e` builds, and a Docker engine. SHOTS=DIR keeps pictures.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";

const target = process.env.CARGO_TARGET_DIR ?? join(homedir(), ".cache/dockercise/target");
const binary = process.env.DOCKERCISE_DEMO ?? join(target, "debug/demo");
const skip = existsSync(binary)
  ? false
  : `${binary} is not built: cargo build --package stories --package dockercise-server --bins`;
const RUN = "/results/local/demo";

let demo;
let pages;

/** Starts the demo and waits for the address that it prints. */
async function start() {
  demo = spawn(binary, ["--port", "23918"], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  return new Promise((found, failed) => {
    const hear = (bytes) => {
      said += bytes;
      const line = /run's page: +(http:\S+?)\/results\//.exec(said);
      if (line) found(line[1]);
    };
    demo.stdout.on("data", hear);
    demo.stderr.on("data", hear);
    demo.on("exit", (code) => failed(new Error(`demo ended with ${code}:\n${said}`)));
  });
}

async function picture(page, name) {
  if (!process.env.SHOTS) return;
  mkdirSync(process.env.SHOTS, { recursive: true });
  await page.screenshot({ path: join(process.env.SHOTS, `${name}.png`) });
}

before(async () => {
  if (!skip) pages = await launch(await start());
});
after(async () => {
  await pages?.close();
  if (!demo || demo.exitCode !== null) return;
  const ended = new Promise((done) => demo.once("exit", done));
  demo.kill("SIGINT");
  await ended;
});

test("a real push is watched, the gate clicked, the run green", { skip, timeout: 180_000 }, async () => {
  const page = await pages.page(`${RUN}?step=unit-tests`);
  const gates = page.getByRole("region", { name: "waits for a click" });
  await gates.waitFor({ timeout: 90_000 });
  const log = page.getByRole("region", { name: "log of unit-tests" });
  await log.getByText("running 4 unit tests").waitFor();
  assert.equal(await log.getByText("ok", { exact: true }).count(), 4);
  await picture(page, "gate");

  await gates.getByRole("button", { name: "Let it go on" }).click();
  await gates.getByRole("button", { name: "yes, go on" }).click();
  await gates.waitFor({ state: "detached" });
  await page.waitForFunction(() => /passed/.test(document.title), null, { timeout: 90_000 });
  await picture(page, "passed");
  await page.close();
  assert.deepEqual(pages.trouble, []);
});

test("a value is shown as a tree, and downloaded byte for byte", { skip, timeout: 60_000 }, async () => {
  const page = await pages.page(`${RUN}/1?step=manifest&tab=value`);
  await page.getByText("sha256:").first().waitFor();
  await picture(page, "value");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "download" }).click(),
  ]);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  assert.match(JSON.parse(Buffer.concat(chunks).toString()).version, /^1\.4\./);
  await page.close();
  assert.deepEqual(pages.trouble, []);
});

test("run again is a new number, and cancel ends it", { skip, timeout: 120_000 }, async () => {
  const page = await pages.page(`${RUN}/1`);
  await page.getByRole("button", { name: "Run again" }).click();
  await page.getByRole("button", { name: "yes, run it" }).click();
  await page.waitForURL(/\/results\/local\/demo\/2/);
  await page.getByRole("link", { name: "#1", exact: true }).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "yes, cancel it" }).click();
  await page.waitForFunction(() => /cancelled/.test(document.title), null, { timeout: 60_000 });
  await page.getByText(/^cancelled by/).waitFor();
  await picture(page, "cancelled");

  await page.getByRole("button", { name: "Runs" }).click();
  const runs = page.getByRole("navigation", { name: "runs of demo" });
  await runs.getByRole("link", { name: /#1/ }).click();
  await page.waitForURL(/\/demo\/1\?/);
  await page.waitForFunction(() => /#1 passed/.test(document.title));
  await page.close();

  const home = await pages.page("/");
  await home.getByRole("link", { name: "demo", exact: true }).waitFor();
  await picture(home, "home");
  await home.close();
  assert.deepEqual(pages.trouble, []);
});
