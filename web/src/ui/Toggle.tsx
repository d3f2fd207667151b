import * as Switch from "@radix-ui/react-switch";
import { useId } from "react";
import css from "./Toggle.module.css";

export function Toggle({ label, on, set }: { label: string; on: boolean; set: (on: boolean) => void }) {
  const id = useId();
  return (
    <span className={css.toggle}>
      <Switch.Root id={id} className={css.track} checked={on} onCheckedChange={set}>
        <Switch.Thumb className={css.thumb} />
      </Switch.Root>
      <label htmlFor={id}>{label}</label>
    </span>
  );
}
