import "./styles/tokens.css";
import "./styles/base.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { App } from "./App.tsx";
import { retry } from "./api/queries.ts";
import { Crash } from "./Crash.tsx";

const client = new QueryClient({ defaultOptions: { queries: { retry, staleTime: 1_000 } } });

createRoot(document.getElementById("root")!).render(
  <Crash>
    <QueryClientProvider client={client}>
      <BrowserRouter>
        <App />
      </BrowserRouter>
    </QueryClientProvider>
  </Crash>,
);
