import { defineConfig } from "vitest/config";
import { mockApi } from "./mock/plugin.ts";

/** Where `npm run dev` finds the API: a server's address, or nothing for the mock. */
const server = process.env.DOCKERCISE_SERVER;

export default defineConfig({
  plugins: server ? [] : [mockApi()],
  server: { host: "127.0.0.1", proxy: server ? { "/api": { target: server } } : {} },
  preview: { host: "127.0.0.1" },
  build: {
    // The server's policy allows no `data:` addresses, so every asset is a file of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      // Libraries mark their modules for frameworks that render on a server; that means nothing here.
      onwarn: (warning, warn) => {
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
      },
    },
  },
  test: {
    // Another part of the build may have the processors.
    testTimeout: 30_000,
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}", "mock/**/*.test.ts"],
    restoreMocks: true,
  },
});
