import { fileURLToPath } from "node:url";

import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The API lets only its own pages in, so what the browser says about this server is taken away on the way there.
const api = {
  target: process.env.FURU_DASHBOARD_API ?? "http://127.0.0.1:8000",
  changeOrigin: true,
  configure: (proxy: { on: (event: "proxyReq", told: (request: { removeHeader: (name: string) => void }) => void) => void }) => {
    proxy.on("proxyReq", (request) => {
      request.removeHeader("origin");
      request.removeHeader("sec-fetch-site");
    });
  },
};

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: process.env.FURU_UI_OUT ?? "dist",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the policy of the pages forbids data: for everything but images
  },
  server: { proxy: { "/api": api } },
  test: { environment: "jsdom", setupFiles: ["./src/test-setup.ts"], css: false },
});
