// How the widget is built: one classic script for one tag, in its own scope. Run with the desktop's tools
// (`cti/web/ui/node_modules`), so this file imports nothing; see `cti.setup.node`.
export default {
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2020",
    sourcemap: false,
    modulePreload: false,
    lib: { entry: "src/main.ts", name: "TriuneWidget", formats: ["iife"], fileName: () => "widget.js" },
  },
  test: { globals: true, environment: "node", include: ["src/**/*.test.ts"] },
};
