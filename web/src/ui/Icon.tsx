/** The marks of this page: 16 by 16, drawn with the text's colour. Decorative: the word always stands beside them. */

import css from "./Icon.module.css";
import type { Mark } from "./states.ts";

export type IconName =
  | Mark
  | "branch"
  | "commit"
  | "tag"
  | "person"
  | "again"
  | "list"
  | "search"
  | "down"
  | "download"
  | "copy"
  | "warn"
  | "left"
  | "right"
  | "close"
  | "file"
  | "settings";

const PATHS: Record<IconName, string> = {
  check: "M3.5 8.5l3 3 6-7",
  cross: "M4.5 4.5l7 7m0-7l-7 7",
  spin: "M8 2.5a5.5 5.5 0 1 1-5.5 5.5",
  hand: "M5.5 8V3.9a1 1 0 0 1 2 0V7m0-.4a1 1 0 0 1 2 0V7.4m0-.3a1 1 0 0 1 2 0v1m0-.3a1 1 0 0 1 2 0v2.4c0 2.4-1.6 4-3.9 4H8.8c-1.3 0-2.2-.5-3-1.6L3.4 9.7c-.7-1 .6-2 1.4-1.2L5.5 9.2",
  clock: "M8 4.8V8l2.2 1.6M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",
  plug: "M6 2.5v3m4-3v3M4.5 5.5h7V8a3.5 3.5 0 0 1-7 0zM8 11.5v2.5",
  stop: "M3.9 3.9l8.2 8.2M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",
  skip: "M3.5 4l4 4-4 4m5-8l4 4-4 4",
  dash: "M4 8h8",
  dots: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  save: "M8 2.5v7m0 0L5 6.8m3 2.7l3-2.7M3 11v2.5h10V11",
  branch: "M5 3.5v9M5 9c4 0 6-1 6-3.2M5 3.5a1 1 0 1 0 0-.01M5 13a1 1 0 1 0 0-.01M11 5a1 1 0 1 0 0-.01",
  commit: "M10.6 8a2.6 2.6 0 1 1-5.2 0 2.6 2.6 0 0 1 5.2 0zM1.5 8h3.9m5.2 0h3.9",
  tag: "M2.5 8V2.5H8l5.5 5.5L8 13.5zM5.3 5.3h.01",
  person: "M8 8a2.6 2.6 0 1 0 0-5.2A2.6 2.6 0 0 0 8 8zm-5 5.5c.3-2.4 2.3-3.7 5-3.7s4.7 1.3 5 3.7",
  again: "M13 8a5 5 0 1 1-1.5-3.6L13 6m0-3.5V6H9.5",
  list: "M2.5 4h.01M2.5 8h.01M2.5 12h.01M5.5 4h8m-8 4h8m-8 4h8",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zm3.3-1.2l3.2 3.2",
  down: "M8 3v9.5m0 0l-4-4m4 4l4-4",
  download: "M8 2.5v7m0 0L5 6.8m3 2.7l3-2.7M3 13.5h10",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  warn: "M8 2.5l6 11H2zM8 6.8v3m0 1.9v.01",
  left: "M9.5 3.5L5 8l4.5 4.5",
  right: "M6.5 3.5L11 8l-4.5 4.5",
  close: "M4.5 4.5l7 7m0-7l-7 7",
  settings:
    "M2.5 5h6m3 0h2M8.5 5a1.5 1.5 0 1 0 3 0 1.5 1.5 0 1 0-3 0M2.5 11h2m3 0h6M4.5 11a1.5 1.5 0 1 0 3 0 1.5 1.5 0 1 0-3 0",
  file: "M4 2.5h5l3 3v8H4zM9 2.5v3h3",
};

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  const heavy = name === "dots" || name === "check" || name === "cross" || name === "spin";
  return (
    <svg
      className={name === "spin" ? css.spin : css.icon}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={heavy ? 2 : 1.5}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
