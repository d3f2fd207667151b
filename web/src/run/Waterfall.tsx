import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef } from "react";
import { isSettled } from "../api/queries.ts";
import type { RunView } from "../api/types.ts";
import { Icon } from "../ui/Icon.tsx";
import { isActive, lineLook, lineWords } from "../ui/states.ts";
import { duration, ticking, useNow } from "../ui/time.ts";
import css from "./Waterfall.module.css";
import { type Bar, type Pause, ticks, waterfall } from "./waterfall.ts";

const ROW_PX = 28;
const percent = (part: number) => `${(part * 100).toFixed(3)}%`;
const scale = (millis: number) =>
  millis < 60_000
    ? `${millis / 1000} s`
    : millis < 3_600_000
      ? `${millis / 60_000} min`
      : `${millis / 3_600_000} h`;

interface RowProps {
  bar: Bar;
  pauses: Pause[];
  chosen: boolean;
  select: (step: number) => void;
}

function Row({ bar, pauses, chosen, select }: RowProps) {
  const { step, from, done, to } = bar;
  const look = lineLook(step);
  const time = isActive(step.state) ? ticking(bar.millis) : duration(bar.millis);
  const split = done ?? to;
  return (
    <button
      type="button"
      className={css.row}
      data-tone={look.tone}
      aria-current={chosen ? "true" : undefined}
      onClick={() => select(step.index)}
      title={`${step.name}: ${lineWords(step)}, ${time}`}
    >
      <span className={css.name}>
        <Icon name={look.mark} size={13} />
        <span>{step.name}</span>
        <span className="visually-hidden">{lineWords(step)}</span>
      </span>
      <span className={css.lane}>
        <span className={css.bar} style={{ left: percent(from), width: percent(split - from) }} />
        {pauses.map((pause) => (
          <span
            key={pause.from}
            className={css.pause}
            style={{ left: percent(pause.from), width: percent(pause.to - pause.from) }}
          />
        ))}
        {done !== null && (
          <span className={css.done} style={{ left: percent(done), width: percent(to - done) }} />
        )}
      </span>
      <span className={css.time}>{time}</span>
    </button>
  );
}

interface Props {
  run: RunView;
  selected: number | null;
  select: (step: number) => void;
}

export function Waterfall({ run, selected, select }: Props) {
  const now = useNow(!isSettled(run));
  const { bars, pauses, span, place } = waterfall(run, now);
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: bars.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    initialRect: { width: 600, height: 300 },
  });
  if (bars.length === 0)
    return <p className={css.none}>{isSettled(run) ? "No step started." : "Nothing has started yet."}</p>;
  return (
    <section className={css.waterfall} aria-label="timeline of the steps">
      {pauses.length > 0 && (
        <p className="visually-hidden">
          nothing ran for {pauses.map((pause) => duration(pause.millis)).join(", then for ")}: drawn short
        </p>
      )}
      <div className={css.scale} aria-hidden="true">
        <span>timeline</span>
        <span className={css.lane}>
          {pauses.map((pause) => (
            <span
              key={pause.from}
              className={css.pause}
              title={`nothing ran for ${duration(pause.millis)}`}
              style={{ left: percent(pause.from), width: percent(pause.to - pause.from) }}
            />
          ))}
          {ticks(span).map((at) => (
            <span key={at} className={css.tick} style={{ left: percent(place(at)) }}>
              {scale(at)}
            </span>
          ))}
        </span>
        <span className={css.time}>{duration(span)}</span>
      </div>
      <div className={css.rows} ref={scroller}>
        <div className={css.all} style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((item) => {
            const bar = bars[item.index];
            return (
              bar && (
                <div
                  key={bar.step.index}
                  className={css.item}
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  <Row bar={bar} pauses={pauses} chosen={bar.step.index === selected} select={select} />
                </div>
              )
            );
          })}
        </div>
      </div>
    </section>
  );
}
