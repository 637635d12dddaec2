// How the pages are built: into dist, from the root of the engine's own web server, with nothing inline, so that a
// strict Content-Security-Policy (script-src 'self'; style-src 'self') holds.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, loadEnv } from "vite";

// `npm run dev` shows the pages as they are written, on the engine that TRIUNE_WEB names.
export default defineConfig(({ mode }) => ({
  base: "/",
  plugins: [svelte()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    sourcemap: false,
    target: "es2022",
    // Small pictures stay files: a data: URL would need a wider policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": { target: loadEnv(mode, ".", "TRIUNE_")["TRIUNE_WEB"] ?? "http://127.0.0.1:21000", ws: true } },
  },
}));
