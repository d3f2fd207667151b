/** A step's log with what one can do with it. */
import { useDeferredValue, useMemo, useState } from "react";
import { addresses, type LogId } from "../api/client.ts";
import type { View } from "../run/address.ts";
import { Button } from "../ui/Button.tsx";
import { FailureNote } from "../ui/Failure.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Toggle } from "../ui/Toggle.tsx";
import { size } from "../ui/time.ts";
import css from "./LogTab.module.css";
import { LogView } from "./LogView.tsx";
import { hits, MOST_HITS } from "./search.ts";
import { useLog } from "./useLog.ts";

interface Props {
  id: LogId;
  name: string;
  /** Stand at the end from the beginning: what is going on, or what failed, is there. */
  fromEnd: boolean;
  view: View;
  change: (change: Partial<View>) => void;
}

export function LogTab({ id, name, fromEnd, view, change }: Props) {
  const at = view.line?.startsWith("@") ? Number(view.line.slice(1).split(".")[0]) : null;
  const [follow, setFollow] = useState(view.line === null && fromEnd);
  const { store, live, version } = useLog(id, at, follow);
  // Typing stays quick in a long log.
  const find = useDeferredValue(view.find);
  const [standing, setStanding] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the log changes inside the store.
  const found = useMemo(() => hits(store, find), [store, version, find]);
  const going = !store.complete;
  const hit = found.length === 0 ? null : found[((standing % found.length) + found.length) % found.length]!;
  const step = (by: number) => {
    setFollow(false);
    setStanding((now) => now + by);
  };

  return (
    <div className={css.tab}>
      <div className={css.bar}>
        <search className={css.search}>
          <Icon name="search" size={14} />
          <input
            type="search"
            placeholder="find in log"
            aria-label="find in log"
            value={view.find}
            onChange={(event) => {
              setStanding(0);
              change({ find: event.target.value });
            }}
            onKeyDown={(event) => {
              if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
            }}
          />
          {view.find !== "" && (
            <span className={css.count} role="status">
              {found.length === 0
                ? "none"
                : `${(((standing % found.length) + found.length) % found.length) + 1} of ${found.length}${found.length === MOST_HITS ? "+" : ""}`}
            </span>
          )}
        </search>
        <span className={css.tools}>
          {going && <Toggle label="follow" on={follow} set={setFollow} />}
          <Toggle label="times" on={view.times} set={(times) => change({ times })} />
          <Toggle label="wrap" on={view.wrap} set={(wrap) => change({ wrap })} />
          <Button
            small
            look="bare"
            icon="down"
            onClick={() => {
              void store.end().then(() => setFollow(true));
            }}
          >
            end
          </Button>
          <a className={css.raw} href={addresses.raw(id)} download>
            <Icon name="download" size={14} /> raw
          </a>
        </span>
      </div>
      {store.error && <FailureNote error={store.error} />}
      {view.find !== "" && !store.atEnd && (
        <p className={css.partly}>
          searched {size(store.loadedBytes)} of {size(store.length)}
          <Button small disabled={store.loading || store.full} onClick={() => void store.more()}>
            search on
          </Button>
        </p>
      )}
      {store.passed !== null && (
        <p className={css.partly} role="status">
          on the way to the end: {size(store.passed)} of {size(store.length)}
        </p>
      )}
      {store.full && (
        <p className={css.partly} role="status">
          {size(store.loadedBytes)} are loaded, which is as much as a page can hold: download the raw log for
          all of it
        </p>
      )}
      <LogView
        store={store}
        version={version}
        times={view.times}
        wrap={view.wrap}
        find={find}
        current={view.find === "" ? null : hit}
        line={view.line}
        choose={(line) => {
          setFollow(false);
          change({ line });
        }}
        follow={follow && (going || store.atEnd)}
        setFollow={setFollow}
        label={`log of ${name}`}
      />
      <p className={css.foot}>
        {going ? (
          <span data-tone="busy" className={css.live}>
            <Icon name="spin" size={12} /> {live ? "live" : "asking every 2 s"}
          </span>
        ) : (
          <span>complete</span>
        )}
        <span>{size(store.length)}</span>
        {store.count === 0 && !store.loading && (
          <span>{going ? "nothing written yet" : "nothing was written"}</span>
        )}
      </p>
    </div>
  );
}
