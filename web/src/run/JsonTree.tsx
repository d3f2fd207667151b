/** JSON as a tree that folds: the browser's own `details`, so keyboard and screen reader know it. */
import css from "./JsonTree.module.css";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** This many children are shown before one asks for more. */
const MOST = 200;
const OPEN_DEPTH = 3;

function Leaf({ value }: { value: null | boolean | number | string }) {
  const kind = value === null ? "null" : typeof value;
  return (
    <span className={css.leaf} data-kind={kind}>
      {typeof value === "string" ? JSON.stringify(value) : String(value)}
    </span>
  );
}

function Name({ name }: { name: string | null }) {
  return name === null ? null : <span className={css.name}>{name}: </span>;
}

export function JsonTree({
  value,
  name = null,
  depth = 0,
}: {
  value: Json;
  name?: string | null;
  depth?: number;
}) {
  if (value === null || typeof value !== "object") {
    return (
      <div className={css.line}>
        <Name name={name} />
        <Leaf value={value} />
      </div>
    );
  }
  const list = Array.isArray(value);
  const entries: [string, Json][] = list ? value.map((one, i) => [String(i), one]) : Object.entries(value);
  const words = list ? `[${entries.length}]` : `{${entries.length}}`;
  return (
    <details className={css.branch} open={depth < OPEN_DEPTH && entries.length <= MOST}>
      <summary>
        <Name name={name} />
        <span className={css.count}>{words}</span>
      </summary>
      <div className={css.children}>
        {entries.slice(0, MOST).map(([key, child]) => (
          <JsonTree key={key} name={key} value={child} depth={depth + 1} />
        ))}
        {entries.length > MOST && <div className={css.count}>{entries.length - MOST} more: see the text</div>}
      </div>
    </details>
  );
}
