import "./styles/tokens.css";
import "./styles/base.css";
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { App } from "./App.tsx";
import { ApiError } from "./api/client.ts";
import { retry } from "./api/queries.ts";
import { Crash } from "./Crash.tsx";

const client: QueryClient = new QueryClient({
  defaultOptions: { queries: { retry, staleTime: 1_000 } },
  queryCache: new QueryCache({
    // The session has ended: who one is, is asked anew, and the door shows the login.
    onError: (error, { queryKey }) => {
      if (error instanceof ApiError && error.status === 401 && queryKey[0] !== "me")
        void client.invalidateQueries({ queryKey: ["me"] });
    },
  }),
});

createRoot(document.getElementById("root")!).render(
  <Crash>
    <QueryClientProvider client={client}>
      <BrowserRouter>
        <App />
      </BrowserRouter>
    </QueryClientProvider>
  </Crash>,
);
