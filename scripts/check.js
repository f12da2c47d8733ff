// npm run check: every check, also after one has failed, so that one run shows all there is to do. The output of a check
// is shown when it fails. Exits with 1 if any failed.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";

const checks = [
  ["format", "prettier"],
  ["types", "tsc"],
  ["lint", "eslint"],
  ["imports", "dependency-cruiser"],
  ["unused", "knip"],
];

const failed = [];
for (const [name, program] of checks) {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync("npm", ["run", "--silent", name], {
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  if (status === 0) {
    console.log(`passed  ${name} (${program}, ${seconds} s)`);
  } else {
    failed.push(name);
    console.log(`FAILED  ${name} (${program}, ${seconds} s): npm run ${name}`);
    console.log(`${stdout}${stderr}`.trimEnd().replaceAll(/^/gm, "        "));
  }
}

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
