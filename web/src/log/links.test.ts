import { expect, it } from "vitest";
import { linkify, safeHref } from "./links.ts";

const links = (text: string) =>
  linkify(text)
    .filter((part) => part.href)
    .map((part) => part.text);

it("finds addresses and leaves the sentence's marks out", () => {
  expect(links("see https://a.example/x?y=1#z, or (http://b.example).")).toEqual([
    "https://a.example/x?y=1#z",
    "http://b.example",
  ]);
});

it("loses nothing of the text", () => {
  const text = "a https://a.example. b javascript://x c http://[bad d";
  expect(
    linkify(text)
      .map((part) => part.text)
      .join(""),
  ).toBe(text);
});

it("links nothing but http and https (S44)", () => {
  for (const text of [
    "javascript://alert(1)",
    "data://x",
    "vbscript://x",
    "file:///etc/passwd",
    "JaVaScRiPt://%0aalert(1)",
  ]) {
    expect(links(text)).toEqual([]);
    expect(safeHref(text)).toBeNull();
  }
});

it("refuses names before an @, which hide where a link leads", () => {
  expect(safeHref("https://github.com@evil.example/")).toBeNull();
});

it("is linear on a text made to be slow (S62)", () => {
  const start = performance.now();
  linkify(`https://${")".repeat(100_000)}`);
  linkify("https://".repeat(12_500));
  expect(performance.now() - start).toBeLessThan(1_000);
});
