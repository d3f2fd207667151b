/** A log for a component: loaded from its start, then live, by polling where there is no stream. */
import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { addresses, getLog, type LogId } from "../api/client.ts";
import { useStream } from "../api/events.ts";
import { POLL_MS } from "../api/queries.ts";
import type { LogPage } from "../api/types.ts";
import { LogStore } from "./store.ts";

/**
 * @param id the log; another one needs another component (`key`).
 * @param at an address to begin at instead of the start.
 * @param toEnd begin at the start, but go to the end where what is between is long.
 */
export function useLog(id: LogId, at: number | null, toEnd: boolean) {
  const [store] = useState(() => new LogStore((from) => getLog(id, from)));
  const version = useSyncExternalStore(store.subscribe, store.snapshot);
  const [started, setStarted] = useState(false);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the address is where to begin, once.
  useEffect(() => {
    let gone = false;
    const begin = async () => {
      await (at ? store.at(at) : store.start());
      if (toEnd && !store.atEnd) await store.end();
      if (!gone) setStarted(true);
    };
    void begin();
    return () => {
      gone = true;
      store.close();
    };
  }, [store]);

  const follows = started && store.atEnd && !store.complete && !store.full;
  const [streamFrom, setStreamFrom] = useState<number | null>(null);
  useEffect(() => {
    // The stream begins where the pages ended, once; from there on the browser keeps it up.
    setStreamFrom((from) => (follows ? (from ?? store.next) : null));
  }, [follows, store]);
  const heard = useCallback((data: string) => store.append(JSON.parse(data) as LogPage), [store]);
  // Ask once more: the answer says that it is complete.
  const ended = useCallback(() => void store.more(), [store]);
  const live = useStream(streamFrom === null ? null : addresses.live(id, streamFrom), "frames", heard, ended);

  useEffect(() => {
    if (!started || live || store.complete || store.full) return;
    const timer = setInterval(() => {
      if (store.atEnd || store.error) void store.more();
    }, POLL_MS);
    return () => clearInterval(timer);
  }, [started, live, store, store.complete, store.full]);

  return { store, live, version };
}
