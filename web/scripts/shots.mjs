// Pictures of the pages, on the mock, for looking at: node scripts/shots.mjs OUT [NAME...]
// Needs `npm run build` and a Chromium (CHROMIUM, or /usr/bin/chromium).
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";
import { preview } from "vite";

const [out = "shots", ...only] = process.argv.slice(2);
const desktop = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };
const PAGES = [
  ["home", "/"],
  ["running", "/results/local/teashop"],
  ["gate", "/results/local/deploy"],
  ["failed", "/results/local/kettle/12"],
  ["details", "/results/local/kettle/12?step=test&tab=details"],
  ["value", "/results/local/deploy?step=teashop/unit-tests&tab=value"],
  ["runs", "/results/local/teashop?runs=1"],
  ["bad-file", "/results/local/broken"],
  ["large", "/results/local/monorepo"],
  ["big-log", "/results/local/biglog?step=gigabyte"],
  ["hostile", "/results/local/hostile"],
  ["not-found", "/results/local/nothing"],
];

const server = await preview({ preview: { port: 23417, strictPort: false }, logLevel: "error" });
const address = server.resolvedUrls.local[0].replace(/\/$/, "");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
mkdirSync(out, { recursive: true });
let bad = 0;
for (const [name, path] of PAGES) {
  if (only.length > 0 && !only.includes(name)) continue;
  for (const [kind, viewport, colorScheme] of [
    ["light", desktop, "light"],
    ["dark", desktop, "dark"],
    ["phone", phone, "light"],
  ]) {
    const page = await browser.newPage({
      viewport,
      colorScheme,
      deviceScaleFactor: kind === "phone" ? 2 : 1,
    });
    const complain = (text) => {
      bad += 1;
      console.log(`${name} ${kind}: ${text}`);
    };
    page.on("pageerror", (error) => complain(error.message));
    page.on("dialog", () => complain("a dialog opened"));
    page.on("console", (message) => {
      if (message.type() === "error" && !/404/.test(message.text())) complain(message.text());
    });
    await page.goto(address + path);
    await page.waitForTimeout(1400);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 0) complain(`${wide} px wider than the window`);
    await page.screenshot({ path: `${out}/${name}-${kind}.png`, fullPage: kind === "phone" });
    await page.close();
  }
}
await browser.close();
await server.close();
process.exit(bad === 0 ? 0 : 1);
