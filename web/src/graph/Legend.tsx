import type { EdgeKind } from "../api/types.ts";
import edge from "./FlowEdge.module.css";
import css from "./Legend.module.css";
import type { Wire } from "./layout.ts";

const ALL: [EdgeKind, string][] = [
  ["value", "value"],
  ["volume", "volume"],
  ["env", "environment"],
  ["image", "image"],
  ["order", "order only"],
];

/** The forms of line that this graph has. */
export function Legend({ wires }: { wires: readonly Wire[] }) {
  const present = new Set(wires.flatMap((wire) => wire.kinds));
  const shown = ALL.filter(([kind]) => present.has(kind));
  if (shown.length < 2) return null;
  return (
    <ul className={css.legend} aria-label="lines">
      {shown.map(([kind, word]) => (
        <li key={kind}>
          <svg width="26" height="8" aria-hidden="true">
            <g className={edge.edge} data-kind={kind}>
              <path d="M2 4h22" />
            </g>
          </svg>
          {word}
        </li>
      ))}
    </ul>
  );
}
