// Pictures of the pages, on the mock, for looking at: node scripts/shots.mjs OUT [NAME...]
// Needs `npm run build` and a Chromium (CHROMIUM, or /usr/bin/chromium).
import { mkdirSync } from "node:fs";
import { browse } from "../e2e/browser.mjs";

const [out = "shots", ...only] = process.argv.slice(2);
const PAGES = {
  home: "/",
  running: "/results/local/teashop",
  gate: "/results/local/deploy",
  failed: "/results/local/kettle/12",
  details: "/results/local/kettle/12?step=test&tab=details",
  value: "/results/local/deploy?step=teashop/unit-tests&tab=value",
  runs: "/results/local/teashop?runs=1",
  find: "/results/local/kettle/12?step=test&find=cup&times=1",
  "bad-file": "/results/local/broken",
  large: "/results/local/monorepo",
  wide: "/results/local/wide",
  deep: "/results/local/deep?step=link-250",
  "big-log": "/results/local/biglog?step=gigabyte",
  hostile: "/results/local/hostile",
  whole: "/results/local/tearoom?step=integration&tab=details",
  files: "/results/local/tearoom?step=integration&tab=files",
  pulling: "/results/local/tearoom?step=notify-slack",
  secret: "/results/local/tearoom?step=token&tab=value",
  service: "/results/local/tearoom?step=integration&service=database",
  settings: "/settings",
  connect: "/connect",
  connected: "/connect/1",
  "not-found": "/results/local/nothing",
};
const KINDS = {
  light: {},
  dark: { dark: true },
  phone: { width: 390, height: 844, scale: 2 },
  tablet: { width: 820, height: 1180 },
};

const { page: open, close, trouble } = await browse();
mkdirSync(out, { recursive: true });
for (const [name, path] of Object.entries(PAGES)) {
  if (only.length > 0 && !only.includes(name)) continue;
  for (const [kind, options] of Object.entries(KINDS)) {
    const page = await open(path, options);
    await page.waitForTimeout(1400);
    await page.screenshot({
      path: `${out}/${name}-${kind}.png`,
      fullPage: kind === "phone" || kind === "tablet",
    });
    await page.close();
  }
}
await close();
for (const line of trouble) console.log(line);
process.exit(trouble.length === 0 ? 0 : 1);
