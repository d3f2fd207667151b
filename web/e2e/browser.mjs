// A real browser for the pages: on the built pages and the mock API, or on a server.
import { chromium } from "playwright-core";
import { preview } from "vite";

/**
 * A browser for the pages at that address.
 * @returns `page(path, options)`, which opens one, and `close()`. Everything that went wrong is in `trouble`.
 */
export async function launch(address) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  const trouble = [];
  return {
    trouble,
    async page(path, { width = 1440, height = 900, dark = false, scale = 1 } = {}) {
      const page = await browser.newPage({
        viewport: { width, height },
        colorScheme: dark ? "dark" : "light",
        deviceScaleFactor: scale,
      });
      page.on("pageerror", (error) => trouble.push(`${path}: ${error.message}`));
      page.on("dialog", (dialog) => {
        trouble.push(`${path}: a dialog opened`);
        void dialog.dismiss();
      });
      page.on("console", (message) => {
        // What is not there is answered with 404, and the browser says so by itself.
        if (message.type() === "error" && !/404/.test(message.text()))
          trouble.push(`${path}: ${message.text()}`);
      });
      page.on("request", (request) => {
        if (!request.url().startsWith(address)) trouble.push(`${path}: asked ${request.url()}`);
      });
      await page.goto(address + path);
      return page;
    },
    close: () => browser.close(),
  };
}

/** The same on the built pages and the mock API, under the content security policy that the server sends. */
export async function browse() {
  const server = await preview({ preview: { port: 23417 }, logLevel: "error" });
  const pages = await launch(server.resolvedUrls.local[0].replace(/\/$/, ""));
  const close = async () => {
    await pages.close();
    await server.close();
  };
  return { ...pages, close };
}
