import { describe, expect, it } from "vitest";
import { parseLine, plain } from "./ansi.ts";

const text = (raw: string) =>
  parseLine(raw, "")
    .pieces.map((piece) => piece.text)
    .join("");
const first = (raw: string) => parseLine(raw, "").pieces[0]!;

describe("what a terminal would act upon (S44)", () => {
  it("drops cursor movement, clearing, modes and titles", () => {
    expect(text("a\x1b[1A\x1b[2K\x1b[10;10Hb\x1b[?25lc\x1b]0;title\x07d\x1bce")).toBe("abcde");
    expect(text("clip\x1b]52;c;ZXZpbA==\x07board")).toBe("clipboard");
    expect(text("a\x1bP1$r0m\x1b\\b\x1b_apc\x1b\\c\x1b^pm\x1b\\d")).toBe("abcd");
  });

  it("understands 8-bit introducers", () => {
    expect(text("\u009b31mred\u009b0m \u009d0;title\u009cend")).toBe("red end");
    expect(first("\u009b31mred").foreground).toEqual({ type: "named", name: "red" });
  });

  it("shows a string that nobody ended instead of hiding the rest of the line", () => {
    expect(text("before\x1b]0;the truth")).toContain("the truth");
    expect(text("before\x1bPthe truth")).toContain("the truth");
  });

  it("drops control characters and keeps tabs", () => {
    expect(text("a\x00\x07\x08b\tc\x7f")).toBe("ab\tc");
    expect(plain("a\x1b[31mb\x08c")).toBe("abc");
  });

  it("is not slow on 10,000 sequences", () => {
    const raw = "\x1b[1m\x1b[31mx\x1b[0m".repeat(10_000);
    const start = performance.now();
    expect(text(raw)).toBe("x".repeat(10_000));
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

describe("colours", () => {
  it("knows names, the table and true colour, in both spellings", () => {
    expect(first("\x1b[94mx").foreground).toEqual({ type: "named", name: "brightBlue" });
    expect(first("\x1b[38;5;203mx").foreground).toEqual({ type: "table", index: 203 });
    expect(first("\x1b[48;2;1;2;3mx").background).toEqual({ type: "rgb", rgb: [1, 2, 3] });
    expect(first("\x1b[38:2::1:2:3mx").foreground).toEqual({ type: "rgb", rgb: [1, 2, 3] });
    expect(first("\x1b[38:5:7mx").foreground).toEqual({ type: "table", index: 7 });
  });

  it("obeys the order within a sequence, and resets without a number", () => {
    expect(first("\x1b[31;0mx").foreground).toBeNull();
    expect(first("\x1b[31m\x1b[mx").foreground).toBeNull();
    expect(first("\x1b[1;22mx").decorations.size).toBe(0);
  });

  it("does not take an underline's colour for a weight", () => {
    expect([...first("\x1b[4:3;58;5;1mx").decorations]).toEqual(["underline"]);
  });

  it("gives a style that means the same to the next line", () => {
    const raw = "\x1b[1;3;38;5;9;48;2;4;5;6mx";
    const { style, pieces } = parseLine(raw, "");
    expect(parseLine("x", style).pieces[0]).toEqual(pieces[0]);
    expect(parseLine("\x1b[95my", "").style).toBe("\x1b[95m");
    expect(parseLine("\x1b[0m", style).style).toBe("");
  });
});

describe("links (OSC 8)", () => {
  const link = (address: string) => first(`\x1b]8;;${address}\x07text\x1b]8;;\x07`);

  it("follows http and https only", () => {
    expect(link("https://example.org/a").href).toBe("https://example.org/a");
    for (const bad of [
      "javascript:alert(1)",
      "data:text/html,x",
      "file:///etc/passwd",
      "https://a@evil.example/",
    ]) {
      expect(link(bad)).toMatchObject({ href: null, text: "text" });
    }
  });

  it("ends where it is ended", () => {
    const { pieces } = parseLine("\x1b]8;;https://example.org\x1b\\in\x1b]8;;\x1b\\out", "");
    expect(pieces.map((piece) => [piece.text, piece.href])).toEqual([
      ["in", "https://example.org/"],
      ["out", null],
    ]);
  });
});
