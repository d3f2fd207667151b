// A person who has just installed it, in a real browser: claims the server, logs in at GitHub's own page, connects a
// repository, pushes, clicks, and GitHub is told; makes a token, logs out. node --test e2e/login.test.mjs, after `make build`. SHOTS=DIR keeps pictures.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { launch } from "./browser.mjs";

const target =
  process.env.CARGO_TARGET_DIR ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "dockercise/target");
const demoBinary = process.env.DEMO ?? join(target, "debug/demo");

let demo;
let pages;
let address;
let code;
let push;

before(async () => {
  demo = spawn(demoBinary, ["--login", "--port", "18081"], { stdio: ["ignore", "pipe", "inherit"] });
  const said = [];
  for await (const line of createInterface({ input: demo.stdout })) {
    said.push(line);
    const found = /log in, as `you`:\s+(\S+)\/login with the code (\S+)/.exec(line);
    if (found) [, address, code] = found;
    push = /then push:\s+(.*)$/.exec(line)?.[1];
    if (push) break;
  }
  assert.ok(push, `the demo said no more than:\n${said.join("\n")}`);
  demo.stdout.resume();
  pages = await launch(address);
});

after(async () => {
  await pages?.close();
  if (demo && demo.exitCode === null) {
    demo.kill("SIGTERM");
    await once(demo, "exit");
  }
});

const shot = (page, name) =>
  process.env.SHOTS
    ? page.screenshot({ path: join(process.env.SHOTS, `${name}.png`), fullPage: true })
    : null;

/** Cookies know no ports: GitHub's stand-in is on the same host. */
const ours = async (page) =>
  (await page.context().cookies(address)).filter(({ name }) => name.startsWith("dockercise"));

test("a fresh server is claimed, a repository connected, a push runs, its gate is clicked, and GitHub is told", async () => {
  const page = await pages.page("/settings");
  const form = page.getByRole("form", { name: "log in" });
  await form.getByRole("textbox").fill("AAAA-BBBB");
  await form.getByRole("button", { name: "Log in with GitHub" }).click();
  await page.getByRole("alert").getByText("this is not the code that its log holds").waitFor();
  await shot(page, "login-refused");
  await form.getByRole("textbox").fill(code);
  await shot(page, "login");
  await form.getByRole("button", { name: "Log in with GitHub" }).click();

  // GitHub's own pages: who one is, and whether this app may.
  await page.waitForURL((url) => !url.href.startsWith(address));
  await shot(page, "login-github");
  await page.locator('button[name="login"][value="you"]').click();
  await page.locator('button[name="authorize"][value="1"]').click();

  // Back where one wanted to go, and known.
  await page.waitForURL(`${address}/settings`);
  await page.getByRole("heading", { name: "Audit trail" }).waitFor();
  await page.getByRole("cell", { name: "claim", exact: true }).waitFor();
  assert.equal(await page.locator("header").getByText("you", { exact: true }).count(), 1);
  const cookies = await ours(page);
  assert.deepEqual(
    cookies.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite })),
    [{ name: "dockercise", httpOnly: true, sameSite: "Lax" }],
  );

  const make = page.getByRole("form", { name: "make a token" });
  await make.getByLabel("name").fill("laptop");
  await make.getByLabel("may").selectOption("run");
  await make.getByRole("button").click();
  const secret = await page
    .getByRole("status")
    .getByText(/^dockercise_[0-9a-f]{64}$/)
    .textContent();
  await shot(page, "settings");
  const asked = await fetch(`${address}/api/me`, { headers: { authorization: `Bearer ${secret}` } });
  assert.equal((await asked.json()).login, "you");

  await page.goto(`${address}/connect`);
  await page.getByLabel("search repositories").fill("calc");
  await page.getByRole("button", { name: "connect you/calc" }).click();
  await page.getByRole("heading", { name: "you/calc is connected" }).waitFor();
  await page.getByText(/Push a commit/).waitFor();
  await page.getByRole("region", { name: /graph of the steps/ }).waitFor();
  await shot(page, "connected");

  // A real push; the run, its gate, and what GitHub is told in the end.
  const pushed = spawnSync("sh", ["-c", push], { encoding: "utf8" });
  assert.equal(pushed.status, 0, pushed.stderr);
  await page.goto(`${address}/results/local/demo/1`);
  const gate = page.getByRole("region", { name: "waits for a click" });
  await gate.getByRole("button", { name: "Let it go on" }).click();
  await gate.getByRole("button", { name: "yes, go on" }).click();
  await page.waitForFunction(() => /passed/.test(document.title));
  await shot(page, "passed");
  const clone = /^cd (\S+)/.exec(push)[1];
  const git = (...args) => spawnSync("git", ["-C", clone, ...args], { encoding: "utf8" }).stdout.trim();
  const remote = new URL(git("remote", "get-url", "origin"));
  const at = `${remote.origin}/api/v3/repos/you/calc/commits/${git("rev-parse", "HEAD")}/status`;
  const headers = { authorization: `Bearer ${remote.password}`, "user-agent": "e2e" };
  let told = null;
  // GitHub tells nobody of a status: it is asked until it has the last one.
  for (const end = Date.now() + 30_000; told?.state !== "success" && Date.now() < end; ) {
    told = (await (await fetch(at, { headers })).json()).statuses?.find(
      (one) => one.context === "dockercise/demo",
    );
    await page.waitForTimeout(100);
  }
  assert.equal(told?.state, "success");
  assert.equal(told.target_url, `${address}/results/local/demo/1`);

  await page.getByRole("button", { name: "log out", exact: true }).click();
  await page.getByRole("button", { name: "Log in with GitHub" }).waitFor();
  assert.deepEqual(await ours(page), []);
  await page.close();
});

test("nothing went wrong in the pages", () => {
  // GitHub's pages are another's, and what needs a login says so by its status.
  const own = pages.trouble.filter((one) => !/asked http|40[13]/.test(one));
  assert.deepEqual(own, []);
});
