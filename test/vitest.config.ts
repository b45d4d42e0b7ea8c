import { configDefaults, defineConfig } from "vitest/config";
import { ClosingLine } from "./support/closing-line.ts";

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["**/*.test.ts"],
    // These tests are about a real Falco and nothing else: FALCO_BIN names one.
    exclude: [...configDefaults.exclude, ...(process.env.FALCO_BIN ? [] : ["falco/deploy/real-falco.test.ts"])],
    testTimeout: 30_000,
    reporters: ["default", new ClosingLine()],
  },
});
