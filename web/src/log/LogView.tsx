/** The rows of a log: only what can be seen is in the document. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useRef } from "react";
import { GapRow, LogRow, lineAddress } from "./LogRow.tsx";
import css from "./LogView.module.css";
import type { LogStore } from "./store.ts";

const ROW_PX = 20;
/** This near to the end is at the end. */
const NEAR_PX = 24;

interface Props {
  store: LogStore;
  version: number;
  times: boolean;
  wrap: boolean;
  find: string;
  /** The row that the search stands at. */
  current: number | null;
  line: string | null;
  choose: (address: string | null) => void;
  follow: boolean;
  setFollow: (follow: boolean) => void;
  label: string;
}

export function LogView(props: Props) {
  const { store, version, times, wrap, find, current, line, choose, follow, setFollow, label } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const count = store.count;
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 30,
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows' heights depend on it.
  useEffect(() => rows.measure(), [wrap, times, rows]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: with every change of the log.
  useLayoutEffect(() => {
    if (follow && count > 0) rows.scrollToIndex(count - 1, { align: "end" });
  }, [follow, count, version, rows]);

  useEffect(() => {
    if (current !== null) rows.scrollToIndex(current, { align: "center" });
  }, [current, rows]);

  // The line of the address, once it is there.
  const shown = useRef<string | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: with every page that comes.
  useEffect(() => {
    if (line === null || shown.current === line) return;
    const index = store.find((one) => lineAddress(one) === line || `@${one.offset}.${one.nth}` === line);
    if (index >= 0) {
      shown.current = line;
      rows.scrollToIndex(index, { align: "center" });
    } else if (!store.atEnd && !store.loading && !store.error && !line.startsWith("@")) {
      void store.more();
    }
  }, [line, version, store, rows]);

  const pick = useCallback(
    (address: string | null) => {
      shown.current = address;
      choose(address);
    },
    [choose],
  );

  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: with every page that comes.
  useEffect(() => {
    if (last >= count - 200 && !store.atEnd && !store.loading && !store.error && !store.full)
      void store.more();
  }, [last, count, version, store]);

  const scrolled = useRef(0);
  const onScroll = () => {
    const box = scroller.current;
    if (!box) return;
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
    const up = box.scrollTop < scrolled.current - 2;
    scrolled.current = box.scrollTop;
    if (follow && up && !atEnd) setFollow(false);
  };

  return (
    <section
      ref={scroller}
      className={css.view}
      data-wrap={wrap ? "on" : "off"}
      onScroll={onScroll}
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it must be scrolled by keyboard.
      tabIndex={0}
    >
      <div className={css.all} style={{ height: rows.getTotalSize() }}>
        <div className={css.some} style={{ transform: `translateY(${items[0]?.start ?? 0}px)` }}>
          {items.map((item) => {
            const row = store.row(item.index);
            return (
              <div key={item.key} data-index={item.index} ref={rows.measureElement}>
                {row?.kind === "line" && (
                  <LogRow
                    line={row.line}
                    version={row.line.version}
                    times={times}
                    find={find}
                    chosen={line !== null && lineAddress(row.line) === line}
                    current={current === item.index}
                    choose={pick}
                  />
                )}
                {row?.kind === "gap" && (
                  <GapRow bytes={row.bytes} loading={store.loading} fill={() => void store.fill(row.after)} />
                )}
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}
