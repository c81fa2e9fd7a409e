import { defineConfig } from "vitest/config";
import { viteBundled } from "./js/bundled.mjs";

export default defineConfig({
  plugins: [viteBundled],
  define: { PAGE: "false" },
  test: { include: ["js/**/*.test.ts"], environment: "node" },
});
