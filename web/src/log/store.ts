/**
 * A log as far as it is loaded: stretches of it, in order, with gaps between. The page reads it from byte 0, by pages of
 * about 1 MiB; a jump to the end starts a second stretch; the live stream goes on at the end of the last one.
 */
import type { LogPage } from "../api/types.ts";
import { type Line, Lines } from "./decode.ts";

/** A finished log up to this length is loaded whole. In bytes. */
export const WHOLE_BYTES = 8 * 1024 * 1024;
/** More than this is not kept in memory. In bytes. */
export const MOST_BYTES = 256 * 1024 * 1024;

interface Stretch {
  start: number;
  next: number;
  lines: Lines;
}

export type Row = { kind: "line"; line: Line } | { kind: "gap"; after: number; bytes: number };

export type Load = (from: number) => Promise<LogPage>;

export class LogStore {
  length = 0;
  complete = false;
  error: Error | null = null;
  loading = false;
  /** On the way to the end: how far. In bytes. */
  passed: number | null = null;
  private closed = false;
  private stretches: Stretch[] = [{ start: 0, next: 0, lines: new Lines(1) }];
  private listeners = new Set<() => void>();
  private version = 0;

  constructor(private readonly load: Load) {}

  readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };
  readonly snapshot = () => this.version;

  private changed() {
    this.version += 1;
    for (const listener of this.listeners) listener();
  }

  private get last(): Stretch {
    return this.stretches[this.stretches.length - 1]!;
  }
  /** The offset to ask for next at the end. */
  get next(): number {
    return this.last.next;
  }
  /** Is everything shown that there is so far? */
  get atEnd(): boolean {
    return this.last.next >= this.length;
  }
  get loadedBytes(): number {
    return this.stretches.reduce((sum, s) => sum + s.next - s.start, 0);
  }
  get full(): boolean {
    return this.loadedBytes >= MOST_BYTES;
  }

  get count(): number {
    return this.stretches.reduce((sum, s) => sum + s.lines.rows.length, this.stretches.length - 1);
  }

  row(index: number): Row | null {
    let left = index;
    for (const [at, stretch] of this.stretches.entries()) {
      if (left < stretch.lines.rows.length) return { kind: "line", line: stretch.lines.rows[left]! };
      left -= stretch.lines.rows.length;
      const following = this.stretches[at + 1];
      if (following && left === 0) return { kind: "gap", after: at, bytes: following.start - stretch.next };
      left -= 1;
    }
    return null;
  }

  /** The row of a line by its number or its address; -1 where it is not loaded. */
  find(wanted: (line: Line) => boolean): number {
    for (let i = 0, count = this.count; i < count; i++) {
      const row = this.row(i);
      if (row?.kind === "line" && wanted(row.line)) return i;
    }
    return -1;
  }

  /** Take a page that continues the last stretch: from a request or from the live stream. */
  append(page: LogPage): void {
    this.take(this.last, page, Number.POSITIVE_INFINITY);
    this.changed();
  }

  private take(stretch: Stretch, page: LogPage, before: number) {
    const fresh = page.frames.filter((frame) => frame.offset >= stretch.next && frame.offset < before);
    stretch.lines.push(fresh);
    stretch.next = Math.max(stretch.next, Math.min(page.next, before));
    this.length = Math.max(this.length, page.length, page.next);
    this.complete = page.complete;
    this.error = null;
  }

  private async fetching(work: () => Promise<void>): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    this.changed();
    try {
      await work();
    } catch (error) {
      this.error = error instanceof Error ? error : new Error(String(error));
    } finally {
      this.loading = false;
      this.changed();
    }
  }

  /** Load one more page at the end. */
  more(): Promise<void> {
    return this.fetching(async () => {
      if (!this.full) this.take(this.last, await this.load(this.last.next), Number.POSITIVE_INFINITY);
    });
  }

  /** Load the first page, and the rest too where the whole is small. */
  start(): Promise<void> {
    return this.fetching(async () => {
      do {
        const before = this.last.next;
        this.take(this.last, await this.load(before), Number.POSITIVE_INFINITY);
        this.changed();
        if (this.last.next === before) break;
      } while (!this.atEnd && this.length <= WHOLE_BYTES);
    });
  }

  /** Load one page of the gap behind that stretch. */
  fill(after: number): Promise<void> {
    return this.fetching(async () => {
      const stretch = this.stretches[after];
      const following = this.stretches[after + 1];
      if (!stretch || !following || this.full) return;
      const { complete } = this;
      this.take(stretch, await this.load(stretch.next), following.start);
      this.complete = complete;
      if (stretch.next < following.start) return;
      // Now everything above is known: the lines below have numbers, and the two are one.
      following.lines.follow(stretch.lines);
      this.stretches.splice(after, 2, { start: stretch.start, next: following.next, lines: following.lines });
    });
  }

  /**
   * Show the end. Where what is between is long it is read past and not kept: only the server knows where frames begin,
   * so that there is no other way there than page by page.
   */
  end(): Promise<void> {
    return this.fetching(async () => {
      const keep = this.length - this.last.next <= WHOLE_BYTES;
      let from = this.last.next;
      let page = await this.load(from);
      while (page.next > from && page.next < page.length && !this.closed) {
        if (keep) this.take(this.last, page, Number.POSITIVE_INFINITY);
        from = page.next;
        this.passed = keep ? null : from;
        this.changed();
        page = await this.load(from);
      }
      this.passed = null;
      if (this.closed) return;
      if (from > this.last.next) this.stretches.push({ start: from, next: from, lines: new Lines(null) });
      this.take(this.last, page, Number.POSITIVE_INFINITY);
    });
  }

  /** Nobody looks any more. */
  close(): void {
    this.closed = true;
  }

  /** Show the line with that address, wherever in the log it is. */
  at(offset: number): Promise<void> {
    return this.fetching(async () => {
      if (offset === 0 || this.stretches.some((s) => offset >= s.start && offset < s.next)) return;
      const page = await this.load(offset);
      const first: Stretch = { start: 0, next: 0, lines: new Lines(1) };
      const there: Stretch = { start: offset, next: offset, lines: new Lines(null) };
      this.take(there, page, Number.POSITIVE_INFINITY);
      this.stretches = [first, there];
    });
  }
}
