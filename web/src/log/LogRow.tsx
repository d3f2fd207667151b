import { memo, useState } from "react";
import { size } from "../ui/time.ts";
import type { Line } from "./decode.ts";
import css from "./LogRow.module.css";
import { Text } from "./Text.tsx";

/** A line's address for the URL: its number, or where it stands in bytes. */
export const lineAddress = (line: Line): string =>
  line.number === null ? `@${line.offset}.${line.nth}` : String(line.number);

/** Hours to milliseconds, in the reader's time zone. */
function clock(at: number): string {
  const time = new Date(at);
  const two = (n: number) => String(n).padStart(2, "0");
  const millis = String(time.getMilliseconds()).padStart(3, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${millis}`;
}

interface Props {
  line: Line;
  /** Makes a changed line be drawn again. */
  version: number;
  times: boolean;
  find: string;
  chosen: boolean;
  current: boolean;
  choose: (address: string | null) => void;
}

export const LogRow = memo(function LogRow({ line, times, find, chosen, current, choose }: Props) {
  const [unfolded, setUnfolded] = useState(false);
  const tag = line.stream === "stderr" ? "err" : line.stream === "remark" ? "note" : "";
  const address = lineAddress(line);
  return (
    <div
      className={css.row}
      data-stream={line.stream}
      data-chosen={chosen || undefined}
      data-current={current || undefined}
    >
      <button
        type="button"
        className={css.number}
        data-number={line.goesOn ? "" : (line.number ?? "·")}
        aria-label={`link to line ${line.number ?? address}`}
        aria-pressed={chosen}
        tabIndex={-1}
        onClick={() => choose(chosen ? null : address)}
      />
      {times && <span className={css.time}>{line.goesOn ? "" : clock(line.at)}</span>}
      <span className={css.tag} data-tag={line.goesOn ? "" : tag}>
        {tag && !line.goesOn && (
          <span className="visually-hidden">{tag === "err" ? "stderr: " : "note: "}</span>
        )}
      </span>
      <span className={css.text}>
        {line.rewrites > 0 && (
          <button
            type="button"
            className={css.rewrites}
            aria-expanded={unfolded}
            onClick={() => setUnfolded(!unfolded)}
          >
            rewritten {line.rewrites}×
          </button>
        )}
        {unfolded &&
          line.rewritten.map((raw, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: earlier states have no name.
            <span key={i} className={css.earlier}>
              <Text raw={raw} style="" find={find} />
            </span>
          ))}
        <Text raw={line.raw} style={line.style} find={find} />
      </span>
    </div>
  );
});

interface GapProps {
  bytes: number;
  loading: boolean;
  fill: () => void;
}

export function GapRow({ bytes, loading, fill }: GapProps) {
  return (
    <div className={css.gap}>
      <span>{size(bytes)} not loaded here</span>
      <button type="button" disabled={loading} onClick={fill}>
        {loading ? "loading …" : "load the next MiB"}
      </button>
    </div>
  );
}
