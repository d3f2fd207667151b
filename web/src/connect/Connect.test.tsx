/** Connecting, on the mock API. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MockApi } from "../../mock/handle.ts";
import { App } from "../App.tsx";
import type { ConnectStep } from "./api.ts";
import { headline } from "./ConnectionPage.tsx";
import { isFullName } from "./ConnectPage.tsx";

class NoResize {
  observe() {}
  unobserve() {}
  disconnect() {}
}

beforeEach(() => {
  const api = new MockApi();
  vi.stubGlobal("fetch", (request: Request) => api.handle(request));
  Object.assign(document.defaultView!, { ResizeObserver: NoResize });
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

describe("connecting", () => {
  it("lists what may be connected, and says why one may not", async () => {
    open("/connect");
    const list = await screen.findByRole("list", { name: "repositories" });
    const old = within(list).getByRole("button", { name: "connect acme/old-shop" });
    expect((old as HTMLButtonElement).disabled).toBe(true);
    expect(within(list).getByText(/is archived/)).toBeTruthy();
    expect(within(list).getByText("help: unarchive it in its settings at GitHub")).toBeTruthy();
    expect(within(list).getByRole("link", { name: "connected" }).getAttribute("href")).toBe("/connect/1");
    expect(within(list).queryByRole("button", { name: "connect maren/teashop" })).toBeNull();
  });

  it("searches as one types", async () => {
    open("/connect");
    const list = await screen.findByRole("list", { name: "repositories" });
    fireEvent.change(screen.getByLabelText("search repositories"), { target: { value: "biscuit" } });
    await waitFor(() => expect(within(list).getAllByRole("listitem")).toHaveLength(1), { timeout: 3000 });
    expect(within(list).getByText("maren/biscuits")).toBeTruthy();
  });

  it("shows each step as it is done, then the graph and what to do next", async () => {
    open("/connect");
    fireEvent.click(await screen.findByRole("button", { name: "connect maren/biscuits" }));
    await screen.findByText(/is being connected/);
    await screen.findByText(/^is connected$|is connected/, { exact: false }, { timeout: 8000 });
    await waitFor(() => expect(screen.getAllByText("done")).toHaveLength(5), { timeout: 8000 });
    expect(screen.getByText("added a read-only deploy key (ed25519)")).toBeTruthy();
    expect(screen.getByText(/Push a commit/)).toBeTruthy();
    expect(screen.getByRole("region", { name: /graph of the steps/ })).toBeTruthy();
  }, 20_000);

  it("says what stands in the way and what to do", async () => {
    open("/connect");
    fireEvent.click(await screen.findByRole("button", { name: "connect acme/warehouse" }));
    expect(await screen.findByText(/may have no deploy keys/, {}, { timeout: 5000 })).toBeTruthy();
    expect(screen.getByText(/help: the organisation forbids them/)).toBeTruthy();
    expect(screen.getByText(/could not be connected/)).toBeTruthy();
    expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
  }, 10_000);

  it("disconnects after a second click", async () => {
    open("/connect/1");
    fireEvent.click(await screen.findByRole("button", { name: "Disconnect" }));
    fireEvent.click(await screen.findByRole("button", { name: "yes, disconnect it" }));
    expect(await screen.findByText("removed the webhook", {}, { timeout: 5000 })).toBeTruthy();
    expect(await screen.findByText(/is not connected any more/, {}, { timeout: 8000 })).toBeTruthy();
  }, 20_000);
});

describe("words", () => {
  const step = (name: ConnectStep["name"], state: ConnectStep["state"]): ConnectStep => ({
    name,
    state,
    words: "",
    error: null,
    help: null,
    at: null,
  });

  it("tell a connection from which nothing arrives", () => {
    const done = { want: "connect", state: "done", connected: true } as const;
    expect(headline({ ...done, steps: [step("ping", "done")] })).toBe("is connected");
    expect(headline({ ...done, steps: [step("ping", "failed")] })).toBe("is connected, but nothing arrives");
    expect(headline({ ...done, want: "undo", state: "failed", connected: false, steps: [] })).toBe(
      "could not be connected",
    );
  });

  it("know a full name", () => {
    expect(isFullName("acme/app")).toBe(true);
    expect([isFullName("acme"), isFullName("a/b/c"), isFullName("a b/c")]).toEqual([false, false, false]);
  });
});
