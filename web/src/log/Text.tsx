/** Foreign text as text nodes: styled, with its addresses and what was searched for. Never HTML. */
import { createColorPalette, namedColors } from "ansi-sequence-parser";
import type { CSSProperties, ReactNode } from "react";
import { type Piece, parseLine } from "./ansi.ts";
import { HIDDEN, linkify } from "./links.ts";
import { cut } from "./search.ts";
import css from "./Text.module.css";

/** Readable on the log's ground; the names are the terminal's. */
const palette = createColorPalette({
  black: "#6c7683",
  red: "#ff7b7b",
  green: "#6fd88f",
  yellow: "#e8c15a",
  blue: "#7db0ff",
  magenta: "#dd9bf2",
  cyan: "#5fd0d8",
  white: "#d5dbe3",
  brightBlack: "#8f9aa8",
  brightRed: "#ff9d9d",
  brightGreen: "#96ecb0",
  brightYellow: "#ffdf8a",
  brightBlue: "#a6c9ff",
  brightMagenta: "#efc0ff",
  brightCyan: "#92ebf1",
  brightWhite: "#ffffff",
});
const GROUND = "#0f141a";
const INK = "#d5dbe3";

function valid(color: Piece["foreground"]): string | undefined {
  if (color === null) return undefined;
  if (color.type === "named" && !namedColors.includes(color.name)) return undefined;
  return palette.value(color);
}

function look(piece: Piece): { style: CSSProperties; className: string } | null {
  const { decorations: d } = piece;
  let color = valid(piece.foreground);
  let ground = valid(piece.background);
  if (d.has("reverse")) [color, ground] = [ground ?? GROUND, color ?? INK];
  // The names' tones are light, for the log's dark ground: on a light ground black is meant.
  if (ground !== undefined && piece.foreground?.type === "named" && piece.foreground.name === "black")
    color = GROUND;
  if (ground !== undefined && color === undefined) color = piece.background?.type === "named" ? GROUND : INK;
  const style: CSSProperties = {};
  if (color !== undefined) style.color = color;
  if (ground !== undefined) style.backgroundColor = ground;
  const classes = ["bold", "dim", "italic", "underline", "strikethrough", "overline"].filter((name) =>
    d.has(name),
  );
  if (color === undefined && ground === undefined && classes.length === 0) return null;
  // "hidden" is not obeyed: what a step wrote can be read.
  return { style, className: classes.map((name) => css[name]).join(" ") };
}

/** Marks that nobody would see are shown by their number. */
function visible(text: string, key: string): ReactNode {
  if (!HIDDEN.test(text)) return text;
  return [...text].map((char, i) =>
    HIDDEN.test(char) ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the text does not change.
      <span key={`${key}.${i}`} className={css.code}>
        U+{char.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}
      </span>
    ) : (
      char
    ),
  );
}

function marked(text: string, find: string, key: string): ReactNode {
  return cut(text, find).map((part, i) =>
    part.hit ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the text does not change.
      <mark key={`${key}.${i}`} className={css.hit}>
        {visible(part.text, `${key}.${i}`)}
      </mark>
    ) : (
      visible(part.text, `${key}.${i}`)
    ),
  );
}

function Linked({ href, children }: { href: string; children: ReactNode }) {
  return (
    <a className={css.link} href={href} target="_blank" rel="noopener noreferrer nofollow" title={href}>
      {children}
    </a>
  );
}

export function Text({ raw, style, find = "" }: { raw: string; style: string; find?: string }) {
  const { pieces } = parseLine(raw, style);
  return pieces.map((piece, i) => {
    const shown = look(piece);
    const stretches = piece.href ? [{ text: piece.text, href: piece.href }] : linkify(piece.text);
    const inside = stretches.map((stretch, j) => {
      const key = `${i}.${j}`;
      const text = marked(stretch.text, find, key);
      return stretch.href ? (
        <Linked key={key} href={stretch.href}>
          {text}
        </Linked>
      ) : (
        text
      );
    });
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: a line's pieces keep their places.
      <span key={i} className={shown?.className} style={shown?.style}>
        {inside}
      </span>
    );
  });
}
