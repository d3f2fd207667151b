/** Addresses in foreign text: only http and https become links. */

/** The address, if it may be clicked. */
export function safeHref(address: string | null | undefined): string | null {
  if (!address || address.length > 2048 || !/^https?:\/\//i.test(address)) return null;
  try {
    const url = new URL(address);
    const web = url.protocol === "https:" || url.protocol === "http:";
    return web && url.username === "" && url.password === "" ? url.href : null;
  } catch {
    return null;
  }
}

/** A stretch of text, with the address it shows if it is one. */
export interface Stretch {
  text: string;
  href: string | null;
}

// No quantifier inside a quantifier: linear for any text.
const ADDRESS =
  /https?:\/\/[^\s<>"'`{}|\\^\u0000-\u0020\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u206f]+/gi;

/** Cut a text at the addresses in it. */
export function linkify(text: string): Stretch[] {
  if (!text.includes("://")) return [{ text, href: null }];
  const found: Stretch[] = [];
  let done = 0;
  for (const match of text.matchAll(ADDRESS)) {
    // A full stop, comma or bracket behind an address belongs to the sentence.
    const shown = match[0].replace(/[.,;:!?)\]]{1,8}$/, "");
    const href = safeHref(shown);
    if (!href) continue;
    if (match.index > done) found.push({ text: text.slice(done, match.index), href: null });
    found.push({ text: shown, href });
    done = match.index + shown.length;
  }
  if (done < text.length) found.push({ text: text.slice(done), href: null });
  return found;
}

/** Marks that change the direction of text, or cannot be seen at all: shown by their number instead. */
export const HIDDEN = /[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/;
