import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const folder = fileURLToPath(new URL("../test/support", import.meta.url));

/**
 * What some TypeScript files of test/support export, which Node does not run by itself.
 *
 * @param {readonly string[]} names
 * @returns {Promise<any>}
 */
export async function importTestSupport(names) {
  const contents = names.map((name) => `export * from ${JSON.stringify(`./${name}`)};`).join("\n");
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["sonde-source"],
    define: { "import.meta.dirname": JSON.stringify(folder) },
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
