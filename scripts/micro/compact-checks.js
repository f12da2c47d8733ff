// The module that stands for packages/protocol/src/checks.ts in the programs: the same functions without zod, which is large
// and makes all schemas anew at each start.
import { build } from "esbuild";
import { Shapes } from "./shapes.js";

/**
 * An esbuild plugin for the program of one side, which checks what the other sends.
 *
 * @param {string} root  the checkout
 * @param {"agent" | "host"} side
 * @returns {import("esbuild").Plugin}
 */
export function compactChecks(root, side) {
  return {
    name: "compact-checks",
    setup({ onLoad }) {
      onLoad({ filter: /\/packages\/protocol\/src\/checks\.ts$/ }, async () => ({
        contents: moduleSource(await describeSchemas(root, side)),
        loader: "js",
      }));
    },
  };
}

/** The shapes of all that the other side sends, and of what the host keeps of that in files. */
async function describeSchemas(root, side) {
  const { agentMessage, errorCode, handle, hostMessage, methods } = await loadSchemas(root);
  const shapes = new Shapes();
  const isHost = side === "host";
  shapes.add("message", isHost ? agentMessage : hostMessage);
  for (const [name, { params, result }] of Object.entries(methods)) {
    shapes.add(`params ${name}`, params);
    if (isHost) shapes.add(`result ${name}`, result);
  }
  if (isHost) {
    shapes.add("code", errorCode);
    shapes.add("handle", handle);
  }
  return shapes;
}

/** @param {string} root */
async function loadSchemas(root) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: {
      contents: `
export { agentMessage, hostMessage } from "./control.js";
export { handle } from "./handles.js";
export { methods } from "./methods.js";
export { errorCode } from "./wire-error.js";`,
      resolveDir: `${root}/packages/protocol/src`,
    },
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
  });
  const code = Buffer.from(outputFiles[0].contents).toString("base64");
  return await import(`data:text/javascript;base64,${code}`);
}

/**
 * Regular expressions stand there as such: the micro agent's engine compiles them at build time, and cannot later. An agent has
 * no shapes of results: it trusts what it makes itself.
 */
function moduleSource({ shapes, patterns }) {
  const texts = Object.entries(shapes).map(([name, shape]) => [name, JSON.stringify(shape)]);
  return `
import { CompactChecks } from "./compact-checks.js";

const checks = new CompactChecks(${JSON.stringify(Object.fromEntries(texts))}, [${patterns.join(", ")}]);

export const checkHostMessage = (envelope) => checks.check("message", envelope);
export const checkAgentMessage = (envelope) => checks.check("message", envelope);
export const checkParams = (method, params) => checks.check("params " + method, params);
export const checkResult = (method, result) => checks.check("result " + method, result);
export const isErrorCode = (value) => checks.check("code", value).isRight;
export const isHandle = (value) => checks.check("handle", value).isRight;
export const isMethodName = (name) => checks.has("params " + name);
`;
}
