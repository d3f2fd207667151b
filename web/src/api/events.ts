/** The live stream of a run, and whether it works: where it does not, queries poll instead. */
import { useEffect, useState } from "react";

/** How long to wait before a stream that was refused is asked for again. */
const RETRY_MS = 10_000;

/** A browser keeps few connections to one server: a page that nobody sees gives its own up. */
function useVisible(): boolean {
  const [visible, setVisible] = useState(() => !document.hidden);
  useEffect(() => {
    const changed = () => setVisible(!document.hidden);
    document.addEventListener("visibilitychange", changed);
    return () => document.removeEventListener("visibilitychange", changed);
  }, []);
  return visible;
}

/**
 * Listen to a stream as long as the page shows it, or until it says `end`.
 * @param noticed what is told of that no other answer holds.
 * @returns true while the stream is up; false means: poll.
 */
export function useStream(
  address: string | null,
  event: string,
  heard: (data: string) => void,
  ended?: () => void,
  noticed?: (data: string) => void,
): boolean {
  const [up, setUp] = useState(false);
  const visible = useVisible();
  useEffect(() => {
    if (address === null || !visible || typeof EventSource === "undefined") return;
    let source: EventSource | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const connect = () => {
      source = new EventSource(address);
      source.onopen = () => setUp(true);
      source.addEventListener(event, (message) => heard((message as MessageEvent<string>).data));
      source.addEventListener("notices", (message) => noticed?.((message as MessageEvent<string>).data));
      source.addEventListener("end", () => {
        source?.close();
        setUp(false);
        ended?.();
      });
      source.onerror = () => {
        setUp(false);
        // The browser connects again by itself unless the answer was no stream at all.
        if (source?.readyState === EventSource.CLOSED) timer = setTimeout(connect, RETRY_MS);
      };
    };
    connect();
    return () => {
      clearTimeout(timer);
      source?.close();
      setUp(false);
    };
  }, [address, visible, event, heard, ended, noticed]);
  return up;
}
