/** The pages as a whole, on the mock API. What needs a real browser is in `e2e/mock.test.mjs`. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MockApi } from "../mock/handle.ts";
import { App } from "./App.tsx";

let api: MockApi;
let down = false;
const asked: string[] = [];

class NoResize {
  observe() {}
  unobserve() {}
  disconnect() {}
}

beforeEach(() => {
  api = new MockApi();
  down = false;
  asked.length = 0;
  vi.stubGlobal("fetch", (request: Request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    return down ? Promise.reject(new TypeError("no network")) : api.handle(request);
  });
  Object.assign(document.defaultView!, { ResizeObserver: NoResize });
  // There is no layout here: give everything a size, so that rows that can be seen are drawn.
  for (const name of ["clientHeight", "clientWidth"] as const) {
    vi.spyOn(HTMLElement.prototype, name, "get").mockReturnValue(4_000);
  }
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(20);
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function open(path: string) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return render(
    <QueryClientProvider client={client}>
      <MemoryRouter initialEntries={[path]}>
        <App />
      </MemoryRouter>
    </QueryClientProvider>,
  );
}

describe("the first page", () => {
  it("has a row for each pipeline, and what waits for a click on top", async () => {
    open("/");
    const top = await screen.findByRole("region", { name: "One run waits for a click" });
    expect(within(top).getByRole("link").getAttribute("href")).toBe("/results/local/deploy/34");
    expect(screen.getByRole("link", { name: "kettle" })).toBeTruthy();
    expect(screen.getAllByText("failed").length).toBeGreaterThan(0);
    expect(document.title).toBe("(1) dockercise");
  });

  it("says where GitHub has something against a repository", async () => {
    open("/");
    const list = await screen.findByRole("list", { name: "repositories that need a look" });
    expect(within(list).getByText(/is archived/)).toBeTruthy();
  });

  it("keeps the search in the address", async () => {
    open("/?q=kettle");
    expect(await screen.findByRole("link", { name: "kettle" })).toBeTruthy();
    expect(screen.queryByRole("link", { name: "teashop" })).toBeNull();
  });
});

describe("the page that starts a pipeline", () => {
  it("asks for what the pipeline takes, and leads to the run that was made", async () => {
    open("/results/local/kettle");
    fireEvent.click(await screen.findByRole("link", { name: "Run …" }));
    const form = await screen.findByRole("form", { name: "run kettle" });
    const reason = await within(form).findByRole("textbox", { name: /REASON/ });
    expect((reason as HTMLInputElement).required).toBe(true);
    expect((within(form).getByRole("combobox", { name: "TARGET" }) as HTMLSelectElement).value).toBe(
      "staging",
    );
    fireEvent.change(reason, { target: { value: "tea & cake" } });
    expect(asked.filter((one) => one.startsWith("POST"))).toEqual([]);
    fireEvent.submit(form);
    const how = await screen.findByRole("list", { name: "how it was started" });
    expect(within(how).getByText("REASON=tea & cake")).toBeTruthy();
    expect(within(how).getByText("TARGET=staging")).toBeTruthy();
    expect(screen.getByText(/started by hand/)).toBeTruthy();
    expect(asked.filter((one) => one.startsWith("POST"))).toEqual(["POST /api/results/local/kettle/start"]);
  });

  it("says why it was refused, and keeps what was typed", async () => {
    open("/results/local/kettle/start");
    const form = await screen.findByRole("form", { name: "run kettle" });
    fireEvent.change(within(form).getByRole("textbox", { name: "branch or tag" }), {
      target: { value: "gone" },
    });
    const reason = await within(form).findByRole("textbox", { name: /REASON/ });
    fireEvent.change(reason, { target: { value: "tea" } });
    fireEvent.submit(form);
    expect((await within(form).findByRole("alert")).textContent).toContain(
      "there is no branch or tag `gone`",
    );
    expect((reason as HTMLInputElement).value).toBe("tea");
  });
});

describe("a run's page", () => {
  it("shows the newest run without a number, and with any fragment", async () => {
    for (const path of ["/results/local/teashop", "/results/local/teashop/", "/results/local/teashop#123x"]) {
      open(path);
      expect(await screen.findByRole("heading", { level: 1, name: /Warm the pot/ })).toBeTruthy();
      expect(asked).toContain("GET /api/results/local/teashop/latest");
      cleanup();
    }
  });

  it("shows the run of that number", async () => {
    open("/results/local/teashop/77");
    expect((await screen.findAllByText("#77")).length).toBeGreaterThan(0);
    expect(screen.getByRole("link", { name: /newest is #81/ })).toBeTruthy();
    expect(document.title).toMatch(/^teashop #77 /);
  });

  it("shows the step and tab of the address, and every state in words", async () => {
    open("/results/local/kettle/12?step=test&tab=details");
    const panel = await screen.findByRole("region", { name: "step test" });
    expect(within(panel).getAllByText("failed (101)").length).toBeGreaterThan(0);
    expect(await within(panel).findByText("cargo test --all --color=always")).toBeTruthy();
    expect(screen.getAllByText("timed out").length).toBeGreaterThan(0);
    expect(screen.getAllByText("infra failure").length).toBeGreaterThan(0);
  });

  it("reads a log from its first byte", async () => {
    open("/results/local/kettle/12?step=test&line=1");
    expect(await screen.findByText("---- pour::fills_the_cup stdout ----")).toBeTruthy();
    const failed = screen.getByText("1 failed");
    expect(failed.tagName).toBe("SPAN");
    const link = screen.getByRole("link", { name: /doc.rust-lang.org/ });
    expect(link.getAttribute("rel")).toContain("noopener");
  });

  it("lets a waiting gate be clicked, after asking once more", async () => {
    open("/results/local/deploy");
    const gates = await screen.findByRole("region", { name: "waits for a click" });
    fireEvent.click(within(gates).getByRole("button", { name: "Let it go on" }));
    expect(asked.filter((one) => one.startsWith("POST"))).toEqual([]);
    fireEvent.click(within(gates).getByRole("button", { name: "yes, go on" }));
    await waitFor(() => expect(screen.queryByRole("region", { name: "waits for a click" })).toBeNull());
    expect(asked.filter((one) => one.startsWith("POST"))).toEqual([
      "POST /api/results/local/deploy/34/gates/0/approve",
    ]);
  });

  it("cancels, and says by whom", async () => {
    open("/results/local/teashop/81");
    fireEvent.click(await screen.findByRole("button", { name: "Cancel" }));
    fireEvent.click(screen.getByRole("button", { name: "yes, cancel it" }));
    expect(await screen.findByText("cancelled by maren")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Run again" })).toBeTruthy();
  });

  it("says what a refused click was refused for", async () => {
    open("/results/local/teashop/81");
    const button = await screen.findByRole("button", { name: "Cancel" });
    await api.handle(
      new Request("http://mock/api/results/local/teashop/81/cancel", {
        method: "POST",
        headers: { "x-dockercise": "page" },
      }),
    );
    fireEvent.click(button);
    fireEvent.click(screen.getByRole("button", { name: "yes, cancel it" }));
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("run 81 is over");
    expect(alert.textContent).toContain("run it again");
  });

  it("follows by asking where there is no stream", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      api.noStreams = true;
      open("/results/local/teashop/81");
      await screen.findAllByText("#81");
      const count = () => asked.filter((one) => one === "GET /api/results/local/teashop/81").length;
      const before = count();
      await vi.advanceTimersByTimeAsync(6_500);
      expect(count()).toBeGreaterThanOrEqual(before + 3);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("the whole language", () => {
  const panel = async (step: string, query: string) => {
    open(`/results/local/tearoom?step=${step}${query}`);
    return screen.findByRole("region", { name: `step ${step}` });
  };

  it("says of a step what its file says of it", async () => {
    await panel("integration", "&tab=details");
    expect(await screen.findByText("1.5 CPUs, 2.0 GiB of memory, 10 min 00 s for run")).toBeTruthy();
    const text = screen.getByRole("region", { name: "step integration" }).textContent;
    for (const part of [
      "made by image",
      "database runs postgres:17, ready once pg_isready -U tea ends with 0",
      "cache runs valkey:8",
      "API_TOKENvalue of token",
      "NPM_TOKENsecret NPM_TOKEN, not shown",
      "found by npm and the content of package-lock.json, else by npm-",
      "starts inpackages/room",
      "out of memory: a process of it was killed",
    ])
      expect(text).toContain(part);
  });

  it("shows what an image is built from, and its filters", async () => {
    let text = (await panel("image", "&tab=details")).textContent;
    await waitFor(() => {
      text = screen.getByRole("region", { name: "step image" }).textContent;
      expect(text).toContain("an image from Dockerfile in .");
    });
    expect(text).toContain("registry.tea.example/room:1.4");
    expect(text).toContain("pushed under these names");
    expect(text).toContain("node_modules: a copy of deps");
    cleanup();
    await panel("docs", "&tab=details");
    expect(await screen.findByText("changed paths: docs/**, !docs/drafts/**")).toBeTruthy();
    expect(screen.getAllByText(/none of the changed paths matches/).length).toBeGreaterThan(0);
    cleanup();
    await panel("notify-slack", "&tab=details");
    expect(await screen.findByText("once what it rests on is over, however that ended")).toBeTruthy();
    expect(screen.getByText("runs its own entrypoint and command")).toBeTruthy();
  });

  it("never shows a secret value, nor asks for it", async () => {
    await panel("token", "&tab=value");
    expect(await screen.findByText(/The value is a secret/)).toBeTruthy();
    expect(asked.filter((one) => one.endsWith("/value"))).toEqual([]);
  });

  it("lists files by name and size, asks for them by sum, and says what was not kept (S37)", async () => {
    await panel("integration", "&tab=files");
    const files = await screen.findByRole("list", { name: "files" });
    const links = within(files).getAllByRole("link");
    expect(links).toHaveLength(5);
    for (const link of links) {
      expect(link.getAttribute("href")).toMatch(
        /^\/api\/results\/local\/tearoom\/5\/steps\/3\/files\/[0-9a-f]{64}\?nth=\d$/,
      );
      expect(link.hasAttribute("download")).toBe(true);
    }
    expect(links[3]!.textContent).toContain("screens/counter <b>open</b>.png");
    expect(files.querySelector("b")).toBeNull();
    // What would turn the text around, or end the line, is shown instead.
    expect(links[4]!.textContent).not.toMatch(/[\u202e\n]/);
    expect(links[4]!.textContent).toContain("U+202E");
    const left = screen.getByRole("list", { name: "not kept" });
    expect(left.textContent).toContain("coverage/latestit is a symbolic link");
  });

  it("reads the log of a service", async () => {
    await panel("integration", "&service=database");
    expect(await screen.findByRole("region", { name: "log of database" })).toBeTruthy();
    expect(screen.getByRole("button", { name: "database", pressed: true })).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "run" }));
    expect(await screen.findByRole("region", { name: "log of integration" })).toBeTruthy();
  });

  it("says an allowed failure, what goes on, and who may click", async () => {
    open("/results/local/tearoom");
    expect((await screen.findAllByText("failed (2), allowed")).length).toBeGreaterThan(0);
    expect(screen.getAllByText("pulling plugins/slack: 12 of 30 MB").length).toBeGreaterThan(0);
    expect(screen.getByText("for maren, tea/baristas to click")).toBeTruthy();
    expect(screen.getByText(/on schedule/)).toBeTruthy();
  });
});

describe("secrets", () => {
  const sent = () => asked.filter((one) => /^(PUT|DELETE)/.test(one));

  it("are given, replaced and removed, and their values never come back", async () => {
    open("/settings");
    const form = await screen.findByRole("form", { name: "a secret" });
    fireEvent.change(within(form).getByLabelText("name"), { target: { value: "PYPI" } });
    await within(form).findByRole("option", { name: "maren/kettle" });
    fireEvent.change(within(form).getByLabelText("for"), { target: { value: "maren/kettle" } });
    fireEvent.change(within(form).getByLabelText("value"), { target: { value: "canary-4711" } });
    fireEvent.submit(form);
    expect(await screen.findByText(/PYPI is set/)).toBeTruthy();
    const lines = await screen.findAllByRole("listitem");
    expect(lines.map((line) => line.querySelector("code")?.textContent)).toEqual([
      "NPM_TOKEN",
      "deploy.key",
      "PYPI",
    ]);
    expect(within(lines[2]!).getByText("maren/kettle")).toBeTruthy();
    expect(screen.getByLabelText<HTMLTextAreaElement>("value").value).toBe("");
    expect(document.body.innerHTML).not.toContain("canary");

    fireEvent.click(within(lines[0]!).getByRole("button", { name: "Replace" }));
    expect(screen.getByRole("heading", { name: "A new value for NPM_TOKEN" })).toBeTruthy();
    expect(screen.queryByLabelText("name")).toBeNull();
    fireEvent.change(screen.getByLabelText("value"), { target: { value: "canary-4712" } });
    fireEvent.submit(screen.getByRole("form"));
    expect(await screen.findByText(/NPM_TOKEN is set/)).toBeTruthy();
    fireEvent.click(within(lines[0]!).getByRole("button", { name: "Remove" }));
    fireEvent.click(screen.getByRole("button", { name: "yes, remove it" }));
    expect(await screen.findByText("NPM_TOKEN is removed")).toBeTruthy();
    expect(sent()).toEqual([
      "PUT /api/secrets/PYPI",
      "PUT /api/secrets/NPM_TOKEN",
      "DELETE /api/secrets/NPM_TOKEN",
    ]);
  });

  it("that are too short are refused with the server's words, and stay in the form", async () => {
    open("/settings");
    const form = await screen.findByRole("form", { name: "a secret" });
    fireEvent.change(within(form).getByLabelText("name"), { target: { value: "X" } });
    fireEvent.change(within(form).getByLabelText("value"), { target: { value: "ab" } });
    fireEvent.submit(form);
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("cannot be masked");
    expect(alert.textContent).toContain("use at least 6 bytes");
    expect(within(form).getByLabelText<HTMLTextAreaElement>("value").value).toBe("ab");
  });
});

describe("what is broken", () => {
  it("shows a bad file's problems with file, line, caret and help", async () => {
    open("/results/local/broken");
    const all = await screen.findByRole("region", { name: "problems in the pipeline files" });
    expect(within(all).getByText("2 errors, 1 warning in the pipeline files")).toBeTruthy();
    expect(within(all).getByText("kettle.dockercise.yaml:7:3")).toBeTruthy();
    expect(within(all).getByText("^^^^^^")).toBeTruthy();
    expect(all.textContent).toContain("did you mean `run`?");
    expect(all.textContent).toContain("first here");
  });

  it("says what is not there, and what to do", async () => {
    open("/results/local/nothing");
    expect(await screen.findByText(/there is no pipeline nothing/)).toBeTruthy();
    expect(screen.getByRole("link", { name: "all pipelines" })).toBeTruthy();
    cleanup();
    open("/results/local/teashop/12x");
    expect(await screen.findByRole("heading", { name: "Not found" })).toBeTruthy();
    cleanup();
    open("/nowhere/at/all");
    expect(await screen.findByText(/no page at \/nowhere/)).toBeTruthy();
  });

  it("says when the server is not reached", async () => {
    down = true;
    open("/results/local/teashop/81");
    expect(await screen.findByText("cannot reach the server")).toBeTruthy();
    down = false;
    fireEvent.click(screen.getByRole("button", { name: "try again" }));
    expect((await screen.findAllByText("#81")).length).toBeGreaterThan(0);
  });
});

describe("hostile names and logs (S43, S44)", () => {
  it("stay text everywhere", async () => {
    for (const tab of ["log", "value", "details"]) {
      const { container } = open(`/results/local/hostile?step=constructor&line=1&tab=${tab}`);
      await screen.findByRole("region", { name: "step constructor" });
      if (tab === "log") await screen.findByText("the end");
      for (const image of container.querySelectorAll("img"))
        expect(image.getAttribute("src")).toMatch(/favicon/);
      expect(container.querySelectorAll("script, iframe, object, embed, b.evil")).toHaveLength(0);
      for (const link of container.querySelectorAll("a"))
        expect(link.getAttribute("href")).toMatch(/^(\/|https?:)/);
      cleanup();
    }
  });

  it("do not rewrite earlier lines, hide text or change its direction", async () => {
    open("/results/local/hostile?step=constructor&line=1");
    expect(await screen.findByText("FAILED for good")).toBeTruthy();
    expect(screen.getByText("U+202E")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "rewritten 1×" }));
    expect(screen.getAllByText("FAILED").length).toBeGreaterThan(0);
    expect(screen.getByRole("link", { name: "a good one" }).getAttribute("href")).toBe(
      "https://example.org/",
    );
    expect(screen.queryByRole("link", { name: "a link" })).toBeNull();
  });
});
