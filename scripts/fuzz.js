import { spawnSync } from "node:child_process";

// The tests that feed arbitrary, damaged and hostile input, fifty times as long as `npm test` does
// (SONDE_FUZZ_SCALE=N for N times). Arguments go to jest: npm run fuzz -- packages/host/test/elf
const names = "(hostile|mutat|fuzz|property|any-program|compiled-any)";
const paths = process.argv.slice(2);
const { status } = spawnSync(
  process.execPath,
  [
    "node_modules/jest/bin/jest.js",
    "--ci",
    ...(paths.length > 0 ? paths : ["--testPathPatterns", names]),
  ],
  {
    stdio: "inherit",
    env: {
      ...process.env,
      SONDE_FUZZ_SCALE: process.env["SONDE_FUZZ_SCALE"] ?? "50",
      NODE_OPTIONS: "--experimental-vm-modules",
    },
  },
);
process.exitCode = status ?? 1;
