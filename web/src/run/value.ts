/** A value's bytes as what a person can read. Pure. */
import type { Json } from "./JsonTree.tsx";

/** So much of a value is fetched for showing. In bytes. */
export const SHOWN_BYTES = 64 * 1024;
/** JSON nested deeper than this is shown as text. */
const MOST_DEPTH = 60;

export type Shown =
  | { kind: "empty" }
  | { kind: "json"; text: string; json: Json }
  | { kind: "text"; text: string }
  | { kind: "bytes"; text: string };

function deep(json: Json, left: number): boolean {
  if (left === 0) return true;
  if (json === null || typeof json !== "object") return false;
  return Object.values(json).some((child) => deep(child, left - 1));
}

/** As `hexdump -C` writes it. */
export function hex(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const codes = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${codes.padEnd(47)}  ${text}`);
  }
  return lines.join("\n");
}

/** @param whole false: the bytes are only the beginning. */
export function show(bytes: Uint8Array, whole: boolean): Shown {
  if (bytes.length === 0) return { kind: "empty" };
  let text: string;
  try {
    // The beginning of a value may end inside a character: as a stream that is no error.
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: !whole });
  } catch {
    return { kind: "bytes", text: hex(bytes.subarray(0, 4096)) };
  }
  if (/[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(text))
    return { kind: "bytes", text: hex(bytes.subarray(0, 4096)) };
  if (whole && /^\s*[[{]/.test(text)) {
    try {
      const json = JSON.parse(text) as Json;
      if (!deep(json, MOST_DEPTH)) return { kind: "json", text, json };
    } catch {
      // Looked like it, but is not.
    }
  }
  return { kind: "text", text };
}
