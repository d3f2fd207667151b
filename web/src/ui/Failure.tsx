/** What failed, and what to do about it. */
import type { ReactNode } from "react";
import { ApiError } from "../api/client.ts";
import css from "./Failure.module.css";
import { Icon } from "./Icon.tsx";

export const helpOf = (error: Error): string | null => (error instanceof ApiError ? error.help : null);

/** In place, beside what still works. */
export function FailureNote({ error, children }: { error: Error; children?: ReactNode }) {
  const help = helpOf(error);
  return (
    <div className={css.note} role="alert" data-tone="bad">
      <Icon name="warn" />
      <div>
        <strong>{error.message}</strong>
        {help && <div className={css.help}>help: {help}</div>}
      </div>
      {children}
    </div>
  );
}

/** Instead of a page. */
export function FailurePage({
  title,
  error,
  children,
}: {
  title: string;
  error: string;
  children?: ReactNode;
}) {
  return (
    <main className={css.page}>
      <h1>{title}</h1>
      <p className={css.what}>{error}</p>
      {children}
    </main>
  );
}
