// The module that stands for packages/protocol/src/checks.ts in the micro agent: the same functions without zod.
import { build } from "esbuild";
import { Shapes } from "./shapes.js";

/**
 * An esbuild plugin.
 *
 * @param {string} root  the checkout
 * @returns {import("esbuild").Plugin}
 */
export function compactChecks(root) {
  return {
    name: "compact-checks",
    setup({ onLoad }) {
      onLoad({ filter: /\/packages\/protocol\/src\/checks\.ts$/ }, async () => ({
        contents: moduleSource(await describeSchemas(root)),
        loader: "js",
      }));
    },
  };
}

/** The shapes of all that a host sends: of its messages (named ""), and of the params of each method. */
async function describeSchemas(root) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: {
      contents: `export { hostMessage } from "./control.js"; export { methods } from "./methods.js";`,
      resolveDir: `${root}/packages/protocol/src`,
    },
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
  });
  const code = Buffer.from(outputFiles[0].contents).toString("base64");
  const { hostMessage, methods } = await import(`data:text/javascript;base64,${code}`);
  const shapes = new Shapes();
  shapes.add("", hostMessage);
  for (const [name, { params }] of Object.entries(methods)) shapes.add(name, params);
  return shapes;
}

/** Regular expressions stand there as such: the engine compiles them at build time, and cannot later. */
function moduleSource({ shapes, patterns }) {
  const texts = Object.entries(shapes).map(([name, shape]) => [name, JSON.stringify(shape)]);
  return `
import { CompactChecks } from "./compact-checks.js";

const checks = new CompactChecks(${JSON.stringify(Object.fromEntries(texts))}, [${patterns.join(", ")}]);

export const checkHostMessage = (envelope) => checks.check("", envelope);
export const checkParams = (method, params) => checks.check(method, params);
export const checkResult = (_method, result) => ({ isRight: true, value: result });
export const isMethodName = (name) => name !== "" && checks.has(name);
`;
}
