import { describe, expect, it } from "vitest";
import { frames, out } from "../test/frames.ts";
import { parseLine } from "./ansi.ts";
import { Lines, ROW_CHARS } from "./decode.ts";

const read = (all: ReturnType<typeof out>, first: number | null = 1) => {
  const lines = new Lines(first);
  lines.push(all);
  return lines.rows;
};
const texts = (all: ReturnType<typeof out>) => read(all).map((line) => line.raw);

describe("frames as lines", () => {
  it("joins a line that comes in pieces and keeps the unfinished one", () => {
    const lines = new Lines(1);
    lines.push(out("on", "e\ntw"));
    expect(lines.rows.map((line) => line.raw)).toEqual(["one", "tw"]);
    lines.push(frames([["stdout", "o\n"]], 100));
    expect(lines.rows.map((line) => line.raw)).toEqual(["one", "two"]);
    expect(lines.rows.map((line) => line.number)).toEqual([1, 2]);
  });

  it("reads a million empty lines, and 2,000 states of a progress bar, within two seconds (R34)", () => {
    const begun = performance.now();
    const piece = "\n".repeat(10_000);
    const empty = read(out(...Array.from({ length: 100 }, () => piece)));
    expect(empty.length).toBe(1_000_000);
    expect([empty.at(-1)!.raw, empty.at(-1)!.number]).toEqual(["", 1_000_000]);
    const [bar, ...more] = read(out(...Array.from({ length: 2_000 }, (_, i) => `\r${i + 1} of 2000`)));
    expect([bar!.raw, more.length]).toEqual(["2000 of 2000", 0]);
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  it("decodes a character that is split between frames", () => {
    const [a, b, c, d] = [...new TextEncoder().encode("🫖")];
    expect(texts(out([a!, b!], [c!], [d!, 10]))).toEqual(["🫖"]);
  });

  it("keeps the bytes of two streams apart, each line where it began", () => {
    const [e1, e2] = [...new TextEncoder().encode("é")];
    const mixed = frames([
      ["stdout", [97, e1!]],
      ["stderr", "warn\n"],
      ["stdout", [e2!, 10]],
    ]);
    expect(read(mixed).map((line) => [line.stream, line.raw])).toEqual([
      ["stdout", "aé"],
      ["stderr", "warn"],
    ]);
  });

  it("shows what is not UTF-8 as replacement characters", () => {
    expect(texts(out([0xff, 0xfe, 10]))).toEqual(["\ufffd\ufffd"]);
  });

  it("understands a sequence that is split between frames", () => {
    const [line] = read(out("\x1b[3", "1mred\x1b", "[0m plain\n"));
    const { pieces } = parseLine(line!.raw, line!.style);
    expect(pieces.map((piece) => [piece.text, piece.foreground])).toEqual([
      ["red", { type: "named", name: "red" }],
      [" plain", null],
    ]);
  });

  it("carries a colour to the next line of the same stream only", () => {
    const rows = read(
      frames([
        ["stdout", "\x1b[1;32mgreen\n"],
        ["stderr", "other\n"],
        ["stdout", "still\x1b[m\nplain\n"],
      ]),
    );
    const first = (at: number) => parseLine(rows[at]!.raw, rows[at]!.style).pieces[0]!;
    expect(first(2).foreground).toEqual({ type: "named", name: "green" });
    expect([...first(2).decorations]).toEqual(["bold"]);
    expect(first(1).foreground).toBeNull();
    expect(first(3).foreground).toBeNull();
  });

  it("takes carriage return and line feed as one line end, also when they are split", () => {
    expect(texts(out("a\r\nb\r", "\nc\r\n"))).toEqual(["a", "b", "c"]);
    expect(read(out("a\r\n"))[0]!.rewrites).toBe(0);
  });

  it("shows a progress bar's last state and keeps the earlier ones", () => {
    const [line] = read(out("  0 %", "\r 50 %\r", "100 %\n"));
    expect(line).toMatchObject({ raw: "100 %", rewrites: 2, rewritten: ["  0 %", " 50 %"] });
  });

  it("keeps what a carriage return would hide (S44)", () => {
    const [line] = read(out("FAILED\rpassed\n"));
    expect(line).toMatchObject({ raw: "passed", rewrites: 1, rewritten: ["FAILED"] });
  });

  it("bounds what it keeps of a progress bar", () => {
    const [line] = read(out("x\r".repeat(5000)));
    expect(line!.rewrites).toBe(4999);
    expect(line!.rewritten.length).toBeLessThanOrEqual(100);
  });

  it("cuts a very long line into rows of one number, without a byte lost", () => {
    const long = "🫖é-".repeat(50_000);
    const rows = read(out(long.slice(0, 70_002), long.slice(70_002), "\nnext\n"));
    const parts = rows.slice(0, -1);
    expect(parts.map((row) => row.raw).join("") === long).toBe(true);
    expect(Math.max(...parts.map((row) => row.raw.length))).toBeLessThan(ROW_CHARS + 300);
    expect(new Set(parts.map((row) => row.number))).toEqual(new Set([1]));
    expect(parts.filter((row) => !row.goesOn)).toHaveLength(1);
    expect(rows.at(-1)).toMatchObject({ raw: "next", number: 2 });
  });

  it("keeps the colour where it cuts", () => {
    const rows = read(out(`\x1b[31m${"x".repeat(3 * ROW_CHARS)}\n`));
    for (const row of rows) {
      expect(parseLine(row.raw, row.style).pieces[0]!.foreground).toEqual({ type: "named", name: "red" });
    }
  });

  it("gives each line an address by the frame it began in", () => {
    const rows = read(
      frames(
        [
          ["stdout", "a\nb\nc"],
          ["stdout", "d\ne\n"],
        ],
        4096,
      ),
      null,
    );
    expect(rows.map((row) => [row.raw, row.offset, row.nth, row.number])).toEqual([
      ["a", 4096, 0, null],
      ["b", 4096, 1, null],
      ["cd", 4096, 2, null],
      ["e", 4117, 1, null],
    ]);
  });
});
