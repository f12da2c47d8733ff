// The micro agent's TypeScript as one script for the engine.
import { build } from "esbuild";
import { compactChecks } from "./compact-checks.js";

/** What compiled `using` asks for, and ES2022 does not have. */
const prelude = 'Symbol.dispose??=Symbol("Symbol.dispose");';

/**
 * The script, and how many bytes of it each source file takes.
 *
 * @param {string} root  the checkout
 */
export async function bundleMicroAgent(root) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["packages/agent/src/micro/main.ts"],
    bundle: true,
    write: false,
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["sonde-source"],
    target: "es2022",
    // As a module: what all functions share is bound once, not looked for by each.
    format: "esm",
    minify: true,
    metafile: true,
    banner: { js: prelude },
    plugins: [compactChecks(root, "agent")],
    logLevel: "warning",
  });
  const [output] = Object.values(metafile.outputs);
  return { script: outputFiles[0].contents, inputs: output.inputs };
}
