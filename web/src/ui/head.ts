/** The tab's title and picture tell the state, so that one need not look at the page. */
import { useEffect } from "react";
import plain from "../assets/favicon.svg";
import busy from "../assets/favicon-busy.svg";
import click from "../assets/favicon-click.svg";
import failed from "../assets/favicon-failed.svg";
import passed from "../assets/favicon-passed.svg";
import type { Tone } from "./states.ts";

const ICONS: Record<Tone, string> = {
  good: passed,
  bad: failed,
  late: failed,
  infra: failed,
  busy,
  click,
  quiet: plain,
};

/** @param title null: another component of the page tells it. */
export function useHead(title: string | null, tone: Tone = "quiet"): void {
  useEffect(() => {
    if (title === null) return;
    document.title = title;
    const link = document.querySelector<HTMLLinkElement>("#favicon");
    if (link) link.href = ICONS[tone];
  }, [title, tone]);
}
