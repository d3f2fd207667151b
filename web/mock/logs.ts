/** What the mock's steps wrote. */
import type { Frame, LogPage, Stream } from "../src/api/types.ts";
import { NOW } from "./build.ts";

const PAGE_BYTES = 1024 * 1024;
const encoder = new TextEncoder();

export function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}

type Piece = [stream: Stream, text: string];

const out = (text: string): Piece => ["stdout", text];
const err = (text: string): Piece => ["stderr", text];
const note = (text: string): Piece => ["remark", text];

const E = "\x1b[";
const ok = (name: string, time: string) => out(`test ${name} ... ${E}32mok${E}0m ${E}2m${time}${E}0m\n`);

const CARGO: Piece[] = [
  note("image rust:1.95 is here already\n"),
  err(`${E}1m${E}32m   Compiling${E}0m kettle v0.4.1 (/work)\n`),
  err(`${E}1m${E}32m    Finished${E}0m \`test\` profile [unoptimized + debuginfo] target(s) in 21.40s\n`),
  err(`${E}1m${E}32m     Running${E}0m unittests src/lib.rs (target/debug/deps/kettle-9f2c)\n`),
  out("\nrunning 6 tests\n"),
  ok("boil::reaches_100_degrees", "0.02s"),
  ok("boil::stops_by_itself", "0.11s"),
  out(`test pour::fills_the_cup ... ${E}31mFAILED${E}0m\n`),
  ok("pour::does_not_spill", "0.01s"),
  ok("steep::green_tea_is_short", "0.00s"),
  out(`test steep::biscuits ... ${E}33mignored${E}0m\n`),
  out("\nfailures:\n\n---- pour::fills_the_cup stdout ----\n"),
  err(
    `\nthread 'pour::fills_the_cup' panicked at src/pour.rs:42:9:\n${E}1massertion \`left == right\` failed: the cup is not full${E}0m\n`,
  ),
  err(`  left: ${E}38;5;203m180 ml${E}0m\n right: ${E}38;2;120;220;150m200 ml${E}0m\n`),
  err("note: see https://doc.rust-lang.org/std/macro.assert_eq.html for what this compares.\n"),
  out(
    `\ntest result: ${E}31mFAILED${E}0m. 4 passed; ${E}1;31m1 failed${E}0m; 1 ignored; 0 measured; finished in 0.17s\n\n`,
  ),
  err(`${E}1m${E}31merror${E}0m: test failed, to rerun pass \`--lib\`\n`),
  note("run ended with exit code 101\n"),
];

const NPM: Piece[] = [
  note("image node:22-alpine is here already; volume is a copy of install's\n"),
  out(`\n${E}2m> teashop@2.14.0 test${E}0m\n${E}2m> vitest run --reporter=verbose${E}0m\n\n`),
  out(` ${E}1m${E}46m${E}30m RUN ${E}0m ${E}36mv4.1.12${E}0m /work\n\n`),
  ...[
    "menu/loads-prices",
    "menu/knows-allergens",
    "pot/warms-first",
    "pot/holds-temperature",
    "brew/oolong-180-s",
    "brew/green-at-80-degrees",
  ].map(
    (name): Piece =>
      out(
        ` ${E}32m✓${E}0m src/${name}.test.ts ${E}2m(${(name.length * 7) % 19} tests)${E}0m ${E}33m${(name.length * 31) % 480}ms${E}0m\n`,
      ),
  ),
  err(`${E}33mwarning${E}0m: the pot's sensor answered late (212 ms)\n`),
  out("fetching fixtures   0 %"),
  out("\rfetching fixtures  34 %"),
  out("\rfetching fixtures  71 %"),
  out("\rfetching fixtures 100 %\n"),
];

const HOSTILE: Piece[] = [
  out(`<script>alert(1)</script> ${E}31m<b>red</b>${E}0m\n`),
  out(
    `\x1b]8;;javascript:alert(1)\x07a link\x1b]8;;\x07 and \x1b]8;;https://example.org/\x07a good one\x1b]8;;\x07\n`,
  ),
  out(`\x1b]52;c;ZXZpbA==\x07\x1b]0;title\x07clipboard and title\n`),
  out(`FAILED for good\n${E}1A${E}2Kpassed, honestly\n`),
  out(`FAILED\rpassed\n`),
  out(`\u009b31mred by C1\u009b0m\n`),
  out(`access ‮level⁦ user\n`),
  out(`${E}31m${`${E}1m${E}3mx`.repeat(10_000)}${E}0m\n`),
  out("the end\n"),
];

const ORDINARY: Piece[] = [
  note("image is here already\n"),
  out("ready\n"),
  out("wrote 14 files\n"),
  note("run ended with exit code 0\n"),
];

const SCRIPTS: Record<string, Piece[]> = { test: CARGO, "unit-tests": NPM, constructor: HOSTILE };
/** Steps of the running scenario that go on writing. */
const LIVE = new Set(["unit-tests", "build"]);

export interface MockLog {
  page(from: number): LogPage;
  /** How many bytes there are now. */
  length(): number;
}

function scripted(pieces: Piece[], live: boolean): MockLog {
  const frames: Frame[] = [];
  let end = 0;
  const add = ([stream, text]: Piece, at: number) => {
    const bytes = encoder.encode(text);
    frames.push({ at, stream, data: base64(bytes), offset: end });
    end += bytes.length;
  };
  for (const [i, piece] of pieces.entries()) add(piece, NOW - 60_000 + i * 137);
  let count = 0;
  const grow = () => {
    const due = live ? Math.floor((Date.now() - NOW) / 700) : 0;
    for (; count < due; count++) {
      add(
        out(
          ` ${E}32m✓${E}0m src/order/case-${count}.test.ts ${E}2m(${(count * 7) % 13} tests)${E}0m ${E}33m${(count * 53) % 400}ms${E}0m\n`,
        ),
        NOW + count * 700,
      );
    }
  };
  return {
    length: () => {
      grow();
      return end;
    },
    page: (from) => {
      grow();
      const found = frames.filter((frame) => frame.offset >= from);
      return { frames: found, next: end, length: end, complete: !live };
    },
  };
}

/** A log that is made as it is asked for. */
function endless(total: number, line: (at: number) => string): MockLog {
  const FRAME = 16 * 1024;
  return {
    length: () => total,
    page: (from) => {
      const frames: Frame[] = [];
      let offset = Math.floor(from / FRAME) * FRAME;
      const start = offset;
      while (offset < total && offset - start < PAGE_BYTES) {
        const size = Math.min(FRAME, total - offset);
        frames.push({
          at: NOW - 60_000 + offset / 1e4,
          stream: "stdout",
          data: base64(encoder.encode(line(offset)).subarray(0, size)),
          offset,
        });
        offset += size;
      }
      return { frames, next: offset, length: total, complete: true };
    },
  };
}

const GIB = 1024 ** 3;
const made = new Map<string, MockLog>();

/** @param ended the step is over. */
export function logOf(run: string, step: string, phase: string, ended: boolean): MockLog {
  const key = `${run}/${step}/${phase}/${ended}`;
  let log = made.get(key);
  if (!log) {
    if (step === "gigabyte") {
      log = endless(GIB, (at) =>
        `${"tea ".repeat(15)}${String(at).padStart(11)}\n`.repeat(1024).slice(0, 16 * 1024),
      );
    } else if (step === "long-line") {
      log = endless(100 * 1024 * 1024, () => "x".repeat(16 * 1024));
    } else {
      log = scripted(
        (Object.hasOwn(SCRIPTS, step) && SCRIPTS[step]) || ORDINARY,
        !ended && (LIVE.has(step) || run.includes("deploy")),
      );
    }
    made.set(key, log);
  }
  return log;
}
