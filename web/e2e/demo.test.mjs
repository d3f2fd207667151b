// The demo as a person meets it: a real push, real containers, and a browser in which the page is watched and the gate
// clicked. node --test e2e/*.test.mjs, after `make build`. SHOTS=DIR keeps pictures (docs/).
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const target =
  process.env.CARGO_TARGET_DIR ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "dockercise/target");
const demoBinary = process.env.DEMO ?? join(target, "debug/demo");

let demo;
let browser;
let address;
const said = [];
const trouble = [];

/** Starts the demo and waits until it names the run's page. */
before(async () => {
  const engine = spawnSync("docker", ["info"], { encoding: "utf8" });
  assert.equal(engine.status, 0, "a Docker engine is needed; scripts/engine starts one");
  demo = spawn(demoBinary, ["--port", "18080"], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: demo.stdout });
  for await (const line of lines) {
    said.push(line);
    const found = /the run's page:\s+(\S+)/.exec(line);
    if (found) {
      address = new URL(found[1]);
      break;
    }
  }
  assert.ok(address, `the demo named no page:\n${said.join("\n")}`);
  demo.stdout.on("data", (chunk) => said.push(String(chunk)));
  demo.stdout.resume();
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
});

after(async () => {
  await browser?.close();
  if (demo?.exitCode === null) demo.kill("SIGKILL");
});

async function open(path, { width = 1440, height = 900, dark = false } = {}) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: dark ? "dark" : "light" });
  page.on("pageerror", (error) => trouble.push(`${path}: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !/404/.test(message.text())) trouble.push(`${path}: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(address.origin)) trouble.push(`${path}: asked ${request.url()}`);
  });
  await page.goto(address.origin + path);
  return page;
}

async function shot(page, name) {
  if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `${name}.png`) });
}

test("the run is watched, the gate clicked, and it ends green", { timeout: 120_000 }, async () => {
  const page = await open(`${address.pathname}?step=unit-tests`);
  const gates = page.getByRole("region", { name: "waits for a click" });
  await gates.waitFor({ timeout: 60_000 });
  await page.getByText("test div").waitFor();
  await shot(page, "run-waits");
  await gates.getByRole("button", { name: "Let it go on" }).click();
  // The click asks once more, in its place.
  await page.keyboard.press("Enter");
  await gates.waitFor({ state: "detached" });
  await page.waitForFunction(() => /passed/.test(document.title), null, { timeout: 60_000 });
  await shot(page, "run-passed");
  await page.close();
});

test("the value of a step is shown as what it is", { timeout: 60_000 }, async () => {
  const page = await open(`${address.pathname}?step=manifest&tab=value`);
  await page.getByText("bin/calc").first().waitFor();
  await shot(page, "run-value");
  await page.close();
});

test("without a number, and with any fragment, it is the newest run", { timeout: 60_000 }, async () => {
  const path = address.pathname.replace(/\/\d+$/, "");
  for (const tail of ["", "#whatever", "/", "/#1x"]) {
    const page = await open(path + tail);
    await page.getByText("#1").first().waitFor();
    await page.close();
  }
});

test("it runs again from the page, under a new number", { timeout: 120_000 }, async () => {
  const page = await open(address.pathname);
  await page.getByRole("button", { name: "Run again" }).click();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/2(\?|$)/);
  await page.getByRole("region", { name: "waits for a click" }).waitFor({ timeout: 60_000 });
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => /cancelled/.test(document.title), null, { timeout: 60_000 });
  await page.close();
});

test("all pipelines on the first page; dark, and on a phone", { timeout: 60_000 }, async () => {
  const home = await open("/");
  await home.getByRole("link", { name: "demo", exact: true }).waitFor();
  await home.close();
  const phone = await open(address.pathname, { width: 390, height: 844, dark: true });
  await phone.getByText("Add a calculator and its pipeline").first().waitFor();
  await phone.waitForTimeout(500);
  await shot(phone, "run-phone");
  await phone.close();
});

test("nothing went wrong in the browser, and ctrl-c leaves nothing", { timeout: 60_000 }, async () => {
  assert.deepEqual(trouble, []);
  demo.kill("SIGINT");
  const [code] = await once(demo, "exit");
  assert.equal(code, 0, said.join("\n"));
  const host = /dc-([0-9a-f]{8})-/.exec(said.join("\n"))?.[1];
  assert.ok(host, "the demo says what it removed");
  for (const kind of ["container", "network", "volume"]) {
    const all = kind === "container" ? ["-a"] : [];
    const left = spawnSync(
      "docker",
      [kind, "ls", ...all, "-q", "--filter", `label=dockercise.host=${host}`],
      { encoding: "utf8" },
    );
    assert.equal(left.stdout.trim(), "", `${kind}s are left`);
  }
});
