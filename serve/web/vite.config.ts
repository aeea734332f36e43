import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Every link is relative: the page works below any path, of the API's own server or of a bucket. */
export default defineConfig({
  base: "./",
  plugins: [react()],
  build: { outDir: "static", emptyOutDir: true, modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
