// A person who has just installed it, in a real browser: claims the server, logs in at GitHub's own page, looks at what is
// there, makes a token, logs out. node --test e2e/login.test.mjs, after `make build`. SHOTS=DIR keeps pictures.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
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

test("a fresh server is claimed, and the one who did is logged in until the log out", async () => {
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
