import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "@jest/globals";
import { layers } from "../scripts/layers.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const planted = join(root, "test/fixtures/forbidden-imports");
const configuration = join(root, ".dependency-cruiser.mjs");

interface CruiseReport {
  readonly summary: {
    readonly violations: readonly {
      readonly rule: { readonly name: string };
      readonly from: string;
      readonly to: string;
    }[];
    readonly totalCruised: number;
    readonly ruleSetUsed: { readonly forbidden: readonly { readonly name: string }[] };
  };
}

/** Runs the import checker as `npm run imports` does; violations make it exit with their number. */
async function cruise(directory: string, ...paths: readonly string[]): Promise<CruiseReport> {
  const program = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const run = promisify(execFile)(
    process.execPath,
    [program, "--config", configuration, "--output-type", "json", ...paths],
    { cwd: directory, maxBuffer: 64 * 1024 * 1024 },
  );
  const { stdout } = await run.catch((error: unknown) => {
    if (error instanceof Error && "stdout" in error && typeof error.stdout === "string") {
      return { stdout: error.stdout };
    }
    throw error;
  });
  // The checker's own output, of the version that package-lock.json pins.
  return JSON.parse(stdout) as CruiseReport;
}

describe("the import checker", () => {
  test("finds no forbidden import in the sources", async () => {
    const { summary } = await cruise(
      root,
      ...Object.keys(layers).map((name) => `packages/${name}/src`),
    );
    expect(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)).toEqual(
      [],
    );
    expect(summary.totalCruised).toBeGreaterThan(10);
  });

  test("reports each planted fault, once, under the rule it breaks", async () => {
    const { summary } = await cruise(planted, "packages");
    const reported = summary.violations.map(({ rule }) => rule.name).sort();
    const rules = summary.ruleSetUsed.forbidden.map(({ name }) => name).sort();
    expect(reported).toEqual(rules);
  });
});

describe("the tree", () => {
  test("has no folder that the layer table does not know", async () => {
    const unknown: string[] = [];
    for (const [name, table] of Object.entries(layers)) {
      const entries = await readdir(join(root, "packages", name, "src"), { withFileTypes: true });
      for (const entry of entries) {
        if (entry.isDirectory() && !(entry.name in table)) {
          unknown.push(`packages/${name}/src/${entry.name}`);
        }
      }
    }
    expect(unknown).toEqual([]);
  });

  test("names its files of code, and their folders, in kebab-case", async () => {
    const badlyNamed = (await sourcePaths()).filter(
      (path) =>
        /\.([cm]?[jt]s|c|sh)$/.test(path) &&
        path.split(sep).some((part) => !/^[a-z0-9]+([.-][a-z0-9]+)*$/.test(part)),
    );
    expect(badlyNamed).toEqual([]);
  });

  test("has no drawer for things without a name", async () => {
    // "helper" is what the kernel calls a function that BPF programs may call.
    const allowed = ["packages/host/src/asm/helpers.ts"];
    const drawers = (await sourcePaths()).filter((path) => {
      const parts = [...dirname(path).split(sep), basename(path).replace(/\..*$/, "")];
      return (
        parts.some((part) => /^(utils?|helpers?|common|misc|shared|lib)$/.test(part)) &&
        !allowed.includes(path)
      );
    });
    expect(drawers).toEqual([]);
  });
});

test("ARCHITECTURE.md prints the layer table as it is", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(root, "scripts/layer-table.js"),
    "--check",
  ]);
  expect(stdout).toContain("up to date");
});

/** Files under packages/, test/, scripts/ and bench/ that are written by hand, relative to the root. */
async function sourcePaths(): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const top of ["packages", "test", "scripts", "bench"]) {
    const entries = await readdir(join(root, top), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const path = relative(root, join(entry.parentPath, entry.name));
      if (entry.isFile() && !/(^|\/)(node_modules|dist|fixtures|__snapshots__)\//.test(path)) {
        paths.push(path);
      }
    }
  }
  return paths;
}
