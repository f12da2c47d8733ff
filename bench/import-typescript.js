import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * What some TypeScript files of this repository export, which Node does not run by itself.
 *
 * @param {readonly string[]} paths from the root of the repository
 * @returns {Promise<any>}
 */
export async function importTypeScript(paths) {
  const contents = paths.map((path) => `export * from ${JSON.stringify(`./${path}`)};`).join("\n");
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["sonde-source"],
    write: false,
  });
  const directory = mkdtempSync(join(tmpdir(), "sonde-bench-"));
  try {
    const file = join(directory, "bundle.mjs");
    writeFileSync(file, outputFiles[0]?.contents ?? "");
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
