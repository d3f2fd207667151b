/** The mock as part of Vite's servers: `npm run dev` and `npm run preview` need no server of ours. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import type { Connect, Plugin } from "vite";
import { MockApi } from "./handle.ts";

/** What the real server sends with every page. */
const POLICY =
  "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

function middleware(api: MockApi, policy: boolean): Connect.NextHandleFunction {
  return (req: IncomingMessage, res: ServerResponse, next) => {
    if (policy) res.setHeader("content-security-policy", POLICY);
    if (!req.url?.startsWith("/api/")) return next();
    const headers = new Headers();
    for (const [key, value] of Object.entries(req.headers))
      if (typeof value === "string") headers.set(key, value);
    const method = req.method ?? "GET";
    const asked = async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk);
      const body = method === "GET" || method === "HEAD" ? null : Buffer.concat(chunks);
      return api.handle(new Request(`http://mock${req.url}`, { method, headers, body }));
    };
    asked().then((answer) => {
      res.statusCode = answer.status;
      answer.headers.forEach((value, key) => {
        res.setHeader(key, value);
      });
      if (!answer.body) return res.end();
      const body = Readable.fromWeb(answer.body as ReadableStream);
      res.on("close", () => body.destroy());
      body.on("error", () => res.end());
      body.pipe(res);
    }, next);
  };
}

export function mockApi(): Plugin {
  const api = new MockApi();
  return {
    name: "mock-api",
    configureServer(server) {
      server.middlewares.use(middleware(api, false));
    },
    configurePreviewServer(server) {
      server.middlewares.use(middleware(api, true));
    },
  };
}
