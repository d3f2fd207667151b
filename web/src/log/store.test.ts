import { describe, expect, it } from "vitest";
import { frames, paged } from "../test/frames.ts";
import { hits } from "./search.ts";
import { LogStore, WHOLE_BYTES } from "./store.ts";

const shown = (store: LogStore) =>
  Array.from({ length: store.count }, (_, i) => {
    const row = store.row(i);
    return row?.kind === "line" ? row.line.raw : row?.kind === "gap" ? `gap ${row.bytes}` : null;
  });

const BIG = WHOLE_BYTES;

describe("a log as it is loaded", () => {
  it("loads a small log whole, from byte 0", async () => {
    const log = paged(3);
    const store = new LogStore(log.load);
    await store.start();
    expect(log.asked).toEqual([0, 100, 200]);
    expect(store.atEnd).toBe(true);
    expect(shown(store)).toEqual([
      "page 0 line 0",
      "page 0 line 1",
      "page 1 line 0",
      "page 1 line 1",
      "page 2 line 0",
      "page 2 line 1",
    ]);
  });

  it("loads one page of a large log, and more when asked", async () => {
    const log = paged(5, 2, BIG);
    const store = new LogStore(log.load);
    await store.start();
    expect(log.asked).toEqual([0]);
    await store.more();
    expect(log.asked).toEqual([0, BIG]);
    expect(store.count).toBe(4);
  });

  it("jumps to the end without keeping what is between, and fills the gap when asked", async () => {
    const log = paged(5, 1, BIG);
    const store = new LogStore(log.load);
    await store.start();
    await store.end();
    expect(shown(store)).toEqual(["page 0 line 0", `gap ${3 * BIG}`, "page 4 line 0"]);
    expect(store.row(2)).toMatchObject({ line: { number: null } });
    expect(store.loadedBytes).toBe(2 * BIG);
    await store.fill(0);
    expect(shown(store)).toEqual(["page 0 line 0", "page 1 line 0", `gap ${2 * BIG}`, "page 4 line 0"]);
    await store.fill(0);
    await store.fill(0);
    expect(shown(store)).toEqual([0, 1, 2, 3, 4].map((page) => `page ${page} line 0`));
    expect(store.row(4)).toMatchObject({ line: { number: 5 } });
  });

  it("begins at an address, with a gap before it", async () => {
    const log = paged(5, 1, BIG);
    const store = new LogStore(log.load);
    await store.at(3 * BIG);
    expect(shown(store)).toEqual([`gap ${3 * BIG}`, "page 3 line 0"]);
  });

  it("takes frames that come twice once", async () => {
    const store = new LogStore(paged(1).load);
    await store.start();
    const page = { frames: frames([["stdout", "live\n"]], 100), next: 121, length: 121, complete: false };
    store.append(page);
    store.append(page);
    expect(shown(store).at(-1)).toBe("live");
    expect(store.count).toBe(3);
  });

  it("keeps what it has when a request fails, and says so", async () => {
    const log = paged(3, 1, BIG);
    let broken = false;
    const store = new LogStore((from) => (broken ? Promise.reject(new Error("gone")) : log.load(from)));
    await store.start();
    broken = true;
    await store.more();
    expect(store.error?.message).toBe("gone");
    expect(store.count).toBe(1);
    broken = false;
    await store.more();
    expect(store.error).toBeNull();
    expect(store.count).toBe(2);
  });

  it("finds text whatever its case, over rows and gaps", async () => {
    const store = new LogStore(paged(5, 1, BIG).load);
    await store.start();
    await store.end();
    expect(hits(store, "PAGE")).toEqual([0, 2]);
    expect(hits(store, "page 4")).toEqual([2]);
    expect(hits(store, "")).toEqual([]);
  });
});
