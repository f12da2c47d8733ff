// npm run check: every check, also after one has failed, so that one run shows all there is to do; two at a time. The
// output of a check is shown when it fails. Exits with 1 if any failed.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";

/** By the names of their scripts; the longest first. */
const checks = [
  ["lint", "eslint"],
  ["format", "prettier"],
  ["types", "tsc"],
  ["imports", "dependency-cruiser"],
  ["unused", "knip"],
];

/** @type {string[]} */
const failed = [];
const waiting = checks.values();

async function runWaiting() {
  for (const [name, program] of waiting) {
    const start = performance.now();
    const child = spawn("npm", ["run", "--silent", name], { stdio: ["ignore", "pipe", "pipe"] });
    const status = new Promise((resolve, reject) => {
      child.on("close", resolve);
      child.on("error", reject);
    });
    const said = await Promise.all([text(child.stdout), text(child.stderr)]);
    const isPassed = (await status) === 0;
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    if (isPassed) {
      console.log(`passed  ${name} (${program}, ${seconds} s)`);
    } else {
      failed.push(name);
      console.log(`FAILED  ${name} (${program}, ${seconds} s): npm run ${name}`);
      console.log(said.join("").trimEnd().replaceAll(/^/gm, "        "));
    }
  }
}
await Promise.all([runWaiting(), runWaiting()]);

const passed = checks.length - failed.length;
console.log(
  failed.length === 0
    ? `check: all ${passed} passed`
    : `check: ${passed} passed, ${failed.length} failed: ${failed.join(", ")}`,
);
if (process.env.SONDE_CHECK_SUMMARY !== undefined) {
  writeFileSync(process.env.SONDE_CHECK_SUMMARY, JSON.stringify({ passed, failed: failed.length }));
}
process.exitCode = failed.length === 0 ? 0 : 1;
