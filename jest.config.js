// Run as: NODE_OPTIONS=--experimental-vm-modules jest
// Which agent is tested, "node" or "micro": test/support/processes.ts starts it, and `local:` does.
process.env.SONDE_AGENT = process.env.SONDE_TEST_AGENT ?? "node";

const shared = {
  testEnvironment: "node",
  setupFiles: [new URL("test/support/fixed-seed.js", import.meta.url).pathname],
  extensionsToTreatAsEsm: [".ts"],
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
  testEnvironmentOptions: { customExportConditions: ["sonde-source", "node", "node-addons"] },
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        module: { type: "es6" },
        jsc: {
          target: "es2022",
          parser: { syntax: "typescript", explicitResourceManagement: true },
        },
      },
    ],
  },
};

const packages = ["protocol", "agent", "host"].map((name) => ({
  ...shared,
  displayName: name,
  rootDir: `packages/${name}`,
  testMatch: ["<rootDir>/test/**/*.test.ts"],
}));

/** The tests under test/ see the whole program: real kernel, real processes. */
const whole = {
  ...shared,
  displayName: "whole",
  rootDir: "test",
  testMatch: ["<rootDir>/**/*.test.ts"],
};

export default {
  projects: [...packages, whole],
  testTimeout: 60_000,
  // Tests of the same processor's time or of one place on the machine wait for each other: only-one.ts.
  maxWorkers: 2,
  testSequencer: "<rootDir>/test/support/long-first.js",
  reporters: ["default", "<rootDir>/test/support/left-out-reporter.js"],
};
