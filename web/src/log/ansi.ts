/**
 * Terminal output as styled pieces of text. Colours and weights (SGR) and http(s) links (OSC 8) are kept; every other
 * sequence is dropped: it cannot move, rewrite or hide what stands in other lines.
 *
 * The sequences are found by `@ansi-tools/parser`, the colours understood by `ansi-sequence-parser`.
 */
import { parse } from "@ansi-tools/parser";
import { createAnsiSequenceParser, type ParseToken } from "ansi-sequence-parser";
import { safeHref } from "./links.ts";

type Color = ParseToken["foreground"];

export interface Piece {
  text: string;
  foreground: Color;
  background: Color;
  decorations: ReadonlySet<string>;
  href: string | null;
}

export interface Parsed {
  pieces: Piece[];
  /** SGR that sets the style which the text ends in; give it to the next line. */
  style: string;
}

const ESCAPES = /[\x1b\x90\x98\x9b-\x9f]/;
/** Control characters that would act, and nothing a terminal would show. Tab stays. */
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/g;
const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
const DECORATIONS: Record<string, number> = {
  bold: 1,
  dim: 2,
  italic: 3,
  underline: 4,
  reverse: 7,
  hidden: 8,
  strikethrough: 9,
  overline: 53,
};

/** One SGR sequence as a row of single settings, so that their order counts and `\e[m` resets. */
function settings(body: string): string[] {
  const flat = body
    .split(";")
    .map((group) => {
      const parts = group.split(":");
      if (parts.length === 1) return group;
      if (parts[0] === "4") return parts[1] === "0" ? "24" : "4";
      // 38:2::r:g:b has a place for the colour space that 38;2;r;g;b has not.
      if (parts[1] === "2" && parts.length > 5) parts.splice(2, 1);
      return parts.join(";");
    })
    .join(";")
    .split(";");
  const found: string[] = [];
  for (let i = 0; i < flat.length; i++) {
    const code = flat[i] || "0";
    if (code === "38" || code === "48" || code === "58") {
      const count = flat[i + 1] === "2" ? 5 : 3;
      if (code !== "58") found.push(flat.slice(i, i + count).join(";"));
      i += count - 1;
    } else {
      found.push(code);
    }
  }
  return found;
}

function colorCode(color: Color, base: 30 | 40): string | null {
  if (color === null) return null;
  if (color.type === "rgb") return `${base + 8};2;${color.rgb.join(";")}`;
  if (color.type === "table") return `${base + 8};5;${color.index}`;
  const bright = color.name.startsWith("bright");
  const at = NAMES.indexOf(bright ? color.name.slice(6).toLowerCase() : color.name);
  return String(base + at + (bright ? 60 : 0));
}

function styleOf(token: ParseToken): string {
  const codes = [...token.decorations].map((name) => DECORATIONS[name]).filter((code) => code !== undefined);
  const all = [...codes, colorCode(token.foreground, 30), colorCode(token.background, 40)].filter(
    (code) => code !== null,
  );
  return all.map((code) => `\x1b[${code}m`).join("");
}

/** Read one line (no line feed in it) that starts in the given style. */
export function parseLine(raw: string, style: string): Parsed {
  if (style === "" && !ESCAPES.test(raw)) {
    const text = raw.replace(CONTROLS, "");
    const piece = { text, foreground: null, background: null, decorations: new Set<string>(), href: null };
    return { pieces: text === "" ? [] : [piece], style: "" };
  }
  const colors = createAnsiSequenceParser();
  colors.parse(style);
  const pieces: Piece[] = [];
  let href: string | null = null;
  const add = (text: string) => {
    const clean = text.replace(CONTROLS, "");
    if (clean === "") return;
    const token = colors.parse(clean)[0];
    if (token) pieces.push({ ...token, text: clean, href });
  };
  for (const code of parse(raw)) {
    if (code.type === "TEXT") {
      add(code.raw);
    } else if (code.type === "CSI" && code.command === "m") {
      const body = code.raw.replace(/^(\x1b\[|\x9b)/, "").slice(0, -1);
      if (/^[\d;:]*$/.test(body)) for (const one of settings(body)) colors.parse(`\x1b[${one}m`);
    } else if (code.type === "OSC" && code.command === "8") {
      href = safeHref(code.params.slice(1).join(";"));
    } else if (code.type !== "CSI" && code.type !== "DEC" && code.type !== "PRIVATE" && code.type !== "ESC") {
      // A string that nobody ended would swallow the rest of the line: show it.
      if (!/(\x1b\\|\x07|\x9c)$/.test(code.raw)) add(code.raw);
    }
  }
  const end = colors.parse(".")[0];
  return { pieces, style: end ? styleOf(end) : "" };
}

/** The line as plain text, for searching. */
export function plain(raw: string): string {
  if (!ESCAPES.test(raw)) return raw.replace(CONTROLS, "");
  return parseLine(raw, "")
    .pieces.map((piece) => piece.text)
    .join("");
}
