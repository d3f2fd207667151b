/** Frames for tests. */
import { base64 } from "../../mock/logs.ts";
import type { Frame, LogPage, Stream } from "../api/types.ts";

export type Bytes = string | number[];
const bytesOf = (bytes: Bytes) =>
  typeof bytes === "string" ? new TextEncoder().encode(bytes) : Uint8Array.from(bytes);

/** One frame each, at offsets that follow each other. */
export function frames(pieces: [Stream, Bytes][], from = 0): Frame[] {
  let offset = from;
  return pieces.map(([stream, bytes], i) => {
    const data = bytesOf(bytes);
    const frame = { at: 1_700_000_000_000 + i, stream, data: base64(data), offset };
    offset += data.length + 16;
    return frame;
  });
}

export const out = (...pieces: Bytes[]): Frame[] => frames(pieces.map((piece) => ["stdout", piece]));

/** A log of `count` pages of one frame each, `lines` lines in a frame, as a server would answer. */
export function paged(count: number, lines = 2, pageBytes = 100) {
  const length = count * pageBytes;
  const asked: number[] = [];
  const load = async (from: number): Promise<LogPage> => {
    asked.push(from);
    if (from % pageBytes !== 0) throw new Error(`${from} is no frame`);
    if (from >= length) return { frames: [], next: length, length, complete: true };
    const page = from / pageBytes;
    const text = Array.from({ length: lines }, (_, i) => `page ${page} line ${i}\n`).join("");
    const frame: Frame = {
      at: 0,
      stream: "stdout",
      data: base64(new TextEncoder().encode(text)),
      offset: from,
    };
    return { frames: [frame], next: from + pageBytes, length, complete: true };
  };
  return { load, asked, length };
}
