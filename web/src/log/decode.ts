/**
 * Frames (bytes of a stream, in order) as lines. Each stream has its own decoder, its own unfinished line and its own
 * style, so that a frame may end in the middle of a character, a sequence or a line. A line stands where its first byte
 * came.
 */
import type { Frame, Stream } from "../api/types.ts";
import { parseLine } from "./ansi.ts";

/** A line longer than this goes on in further rows, so that one of 100 MB stays usable. In characters. */
export const ROW_CHARS = 4_096;
/** How many earlier states of a progress line are kept. */
const KEPT_REWRITES = 100;
/** A break waits this long for the end of a sequence. In characters. */
const SEQUENCE_CHARS = 256;

export interface Line {
  /** Its number in the log, from 1; null where the log was not read from its start. Rows that go on have their line's. */
  number: number | null;
  /** Where the frame starts in which the line began, and which line of that frame it is: an address for ever. */
  offset: number;
  nth: number;
  at: number;
  stream: Stream;
  /** As written, without the line feed, in the state after the last carriage return. */
  raw: string;
  /** The style it starts in, as SGR. */
  style: string;
  /** It goes on from the row above. */
  goesOn: boolean;
  /** What stood here before a carriage return began it again; oldest first. */
  rewritten: string[];
  rewrites: number;
  /** Grows with every change while the line is unfinished. */
  version: number;
}

interface Open {
  decoder: TextDecoder;
  line: Line | null;
  style: string;
  /** A carriage return at the very end: half a line end, or a rewrite. */
  returned: boolean;
}

export function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Where a row may end at the latest: not inside a sequence, not inside a character. */
function breakAt(raw: string): number {
  let at = ROW_CHARS;
  const sequence = raw.lastIndexOf("\x1b", at - 1);
  if (sequence > at - SEQUENCE_CHARS && sequence > 0) at = sequence;
  const before = raw.charCodeAt(at - 1);
  return before >= 0xd800 && before < 0xdc00 ? at - 1 : at;
}

export class Lines {
  rows: Line[] = [];
  private readonly open = new Map<Stream, Open>();
  private nextNumber: number | null;

  /** @param firstNumber of the first line; null where that is not known. */
  constructor(firstNumber: number | null) {
    this.nextNumber = firstNumber;
  }

  push(frames: readonly Frame[]): void {
    for (const frame of frames) this.frame(frame);
  }

  /** Stand behind those lines from now on: take them in and count on from them. */
  follow(earlier: Lines): void {
    const first = earlier.nextNumber;
    if (first !== null && this.nextNumber === null) {
      let number = first - 1;
      for (const row of this.rows) {
        if (!row.goesOn) number += 1;
        row.number = number;
      }
      this.nextNumber = number + 1;
    }
    this.rows = earlier.rows.concat(this.rows);
  }

  private stream(name: Stream): Open {
    let open = this.open.get(name);
    if (!open) {
      open = {
        decoder: new TextDecoder("utf-8", { ignoreBOM: true }),
        line: null,
        style: "",
        returned: false,
      };
      this.open.set(name, open);
    }
    return open;
  }

  private frame(frame: Frame): void {
    const open = this.stream(frame.stream);
    const text = open.decoder.decode(fromBase64(frame.data), { stream: true });
    let nth = 0;
    let from = 0;
    while (from < text.length) {
      const feed = text.indexOf("\n", from);
      const end = feed === -1 ? text.length : feed;
      if (!open.line) open.line = this.begin(frame, nth, open.style, false);
      this.extend(open, text.slice(from, end));
      if (feed === -1) return;
      this.finish(open);
      nth += 1;
      from = feed + 1;
    }
  }

  private begin(
    frame: Pick<Frame, "offset" | "at" | "stream">,
    nth: number,
    style: string,
    goesOn: boolean,
  ): Line {
    const number = goesOn ? (this.nextNumber === null ? null : this.nextNumber - 1) : this.nextNumber;
    if (!goesOn && this.nextNumber !== null) this.nextNumber += 1;
    const { offset, at, stream } = frame;
    const line: Line = {
      number,
      offset,
      nth,
      at,
      stream,
      raw: "",
      style,
      goesOn,
      rewritten: [],
      rewrites: 0,
      version: 0,
    };
    this.rows.push(line);
    return line;
  }

  private extend(open: Open, text: string): void {
    if (text === "" || !open.line) return;
    const whole = open.returned ? `\r${text}` : text;
    open.returned = whole.endsWith("\r");
    const parts = (open.returned ? whole.slice(0, -1) : whole).split("\r");
    this.write(open, parts[0] ?? "");
    for (const part of parts.slice(1)) {
      this.rewrite(open);
      this.write(open, part);
    }
    if (open.line) open.line.version += 1;
  }

  private rewrite({ line }: Open): void {
    if (!line || line.raw === "") return;
    line.rewrites += 1;
    line.rewritten.push(line.raw);
    if (line.rewritten.length > KEPT_REWRITES) line.rewritten.shift();
    line.style = parseLine(line.raw, line.style).style;
    line.raw = "";
  }

  private write(open: Open, text: string): void {
    let line = open.line;
    if (!line || text === "") return;
    line.raw += text;
    while (line.raw.length > ROW_CHARS + SEQUENCE_CHARS) {
      const at = breakAt(line.raw);
      const rest: string = line.raw.slice(at);
      line.raw = line.raw.slice(0, at);
      const style: string = parseLine(line.raw, line.style).style;
      const number: number | null = line.number;
      line = this.begin(line, line.nth, style, true);
      line.number = number;
      line.raw = rest;
    }
    open.line = line;
  }

  private finish(open: Open): void {
    const { line } = open;
    if (!line) return;
    open.returned = false;
    open.style = parseLine(line.raw, line.style).style;
    line.version += 1;
    open.line = null;
  }
}
