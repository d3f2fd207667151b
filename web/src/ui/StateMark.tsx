/** A state as mark and word. */
import { Icon } from "./Icon.tsx";
import css from "./StateMark.module.css";
import type { Look } from "./states.ts";

export function StateBadge({ look, large = false, word }: { look: Look; large?: boolean; word?: string }) {
  return (
    <span className={large ? css.large : css.badge} data-tone={look.tone}>
      <Icon name={look.mark} size={large ? 18 : 14} />
      {word ?? look.word}
    </span>
  );
}

/** The mark alone, in a disc. Only where the word stands in the same control. */
export function StateDisc({ look, size = 26 }: { look: Look; size?: 18 | 22 | 26 }) {
  return (
    <span className={css.disc} data-tone={look.tone} data-size={size}>
      <Icon name={look.mark} size={size > 22 ? 15 : 12} />
    </span>
  );
}
