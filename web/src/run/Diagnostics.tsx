/** What is wrong with a pipeline file: file, line, caret, help. The words of the command line. */
import type { Diagnostic, Related } from "../api/types.ts";
import { Icon } from "../ui/Icon.tsx";
import css from "./Diagnostics.module.css";

/** The place in front of the caret, and its length, in characters. Pure. */
export function caret(at: Pick<Diagnostic, "column" | "cut" | "text" | "span">): {
  before: number;
  length: number;
} {
  const chars = [...at.text];
  const before = Math.min(Math.max(at.column - 1 - at.cut, 0), chars.length);
  const encoder = new TextEncoder();
  let bytes = at.span.len;
  let length = 0;
  for (const char of chars.slice(before)) {
    if (bytes <= 0) break;
    bytes -= encoder.encode(char).length;
    length += 1;
  }
  return { before, length: Math.max(1, length) };
}

function Place({ at, label }: { at: Diagnostic | Related; label: string | null }) {
  const { before, length } = caret(at);
  const number = String(at.line);
  const shown = at.cut > 0 ? `…${at.text}` : at.text;
  const indent = " ".repeat(before + (at.cut > 0 ? 1 : 0));
  return (
    <figure className={css.place}>
      <figcaption>
        {at.file}:{at.line}:{at.column}
      </figcaption>
      <pre>
        <span className={css.margin}>{number} │ </span>
        {shown}
        {"\n"}
        <span className={css.margin}>{" ".repeat(number.length)} │ </span>
        {indent}
        <span className={css.caret}>{"^".repeat(length)}</span>
        {label && <span className={css.caret}> {label}</span>}
      </pre>
    </figure>
  );
}

export function Diagnostics({ all }: { all: readonly Diagnostic[] }) {
  if (all.length === 0) return null;
  const errors = all.filter((one) => one.severity === "error").length;
  const count = (n: number, word: string) => (n === 0 ? [] : [`${n} ${word}${n === 1 ? "" : "s"}`]);
  const title = [...count(errors, "error"), ...count(all.length - errors, "warning")].join(", ");
  return (
    <section className={css.all} aria-label="problems in the pipeline files">
      <h2>{title} in the pipeline files</h2>
      <ul>
        {all.map((one, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list does not change.
          <li key={i} className={css.one} data-tone={one.severity === "error" ? "bad" : "click"}>
            <p className={css.message}>
              <Icon name={one.severity === "error" ? "cross" : "warn"} />
              <span>
                <b>{one.severity}</b>: {one.message}
              </span>
            </p>
            <Place at={one} label={null} />
            {one.related.map((other, j) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the list does not change.
              <Place key={j} at={other} label={other.label} />
            ))}
            {one.help && (
              <p className={css.help}>
                <b>help:</b> {one.help}
              </p>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
