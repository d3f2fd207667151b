/** A button that asks once more, in its own place, before it does something. */
import { useEffect, useRef, useState } from "react";
import { Button } from "./Button.tsx";
import css from "./Confirm.module.css";
import type { IconName } from "./Icon.tsx";

interface Props {
  label: string;
  /** What will happen, as a question. */
  question: string;
  yes: string;
  icon?: IconName;
  look?: "plain" | "click" | "danger";
  small?: boolean;
  pending: boolean;
  act: () => void;
}

export function Confirm({ label, question, yes, icon, look = "plain", small = false, pending, act }: Props) {
  const [asked, setAsked] = useState(false);
  const group = useRef<HTMLFieldSetElement>(null);
  useEffect(() => {
    if (asked) group.current?.querySelector("button")?.focus();
  }, [asked]);
  if (!asked && !pending) {
    return (
      <Button {...(icon ? { icon } : {})} look={look} small={small} onClick={() => setAsked(true)}>
        {label}
      </Button>
    );
  }
  return (
    <fieldset
      ref={group}
      className={css.group}
      onKeyDown={(event) => {
        if (event.key === "Escape") setAsked(false);
      }}
    >
      <legend className={css.question}>{question}</legend>
      <Button
        look={look === "plain" ? "main" : look}
        small={small}
        disabled={pending}
        onClick={() => {
          setAsked(false);
          act();
        }}
      >
        {pending ? "one moment …" : yes}
      </Button>
      <Button look="bare" small={small} disabled={pending} onClick={() => setAsked(false)}>
        no
      </Button>
    </fieldset>
  );
}
