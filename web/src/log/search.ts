/** Finding text in what is loaded of a log. Pure. */
import { plain } from "./ansi.ts";
import type { LogStore } from "./store.ts";

/** More hits than this are not counted. */
export const MOST_HITS = 10_000;

/** The rows that hold the text, whatever its case. */
export function hits(store: Pick<LogStore, "count" | "row">, text: string): number[] {
  const wanted = text.toLowerCase();
  if (wanted === "") return [];
  const found: number[] = [];
  for (let i = 0, count = store.count; i < count && found.length < MOST_HITS; i++) {
    const row = store.row(i);
    if (row?.kind === "line" && plain(row.line.raw).toLowerCase().includes(wanted)) found.push(i);
  }
  return found;
}

/** A text cut where the wanted text stands in it. */
export function cut(text: string, wanted: string): { text: string; hit: boolean }[] {
  if (wanted === "") return [{ text, hit: false }];
  const lower = text.toLowerCase();
  const needle = wanted.toLowerCase();
  // Some letters change their length with their case; then the places would not fit.
  if (lower.length !== text.length) return [{ text, hit: false }];
  const found: { text: string; hit: boolean }[] = [];
  let done = 0;
  for (let at = lower.indexOf(needle); at !== -1; at = lower.indexOf(needle, done)) {
    if (at > done) found.push({ text: text.slice(done, at), hit: false });
    done = at + needle.length;
    found.push({ text: text.slice(at, done), hit: true });
  }
  if (done < text.length) found.push({ text: text.slice(done), hit: false });
  return found;
}
