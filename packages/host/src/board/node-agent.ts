import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { quoteForShell } from "../session/board-shell.js";
import { hostVersion } from "../session/version.js";
import { type Choice, type PayloadKind } from "./payload-kind.js";
import { type ArchivedFile } from "./tar.js";

/** The least that the agent's package asks for. */
const oldestNode = [20, 19] as const;

/** The bundled agent beside koffi's binary, for boards that have Node. */
export const nodeAgent: PayloadKind = {
  choose({ node, machine }) {
    const wanted = `Node ${oldestNode.join(".")} or later`;
    if (node === undefined) {
      return {
        kind: "lack",
        what: `there is no Node on the board (${machine}), and the agent needs ${wanted}`,
        hint: `install ${wanted} there, or have it in PATH`,
      };
    }
    const { version, processor, libc } = node;
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
      return {
        kind: "lack",
        what: `the board's Node is ${version} (${node.path}), and the agent needs ${wanted}`,
        hint: `install ${wanted} there`,
      };
    }
    const name = `sonde-agent ${hostVersion} for Node, ${processor}, ${libc}`;
    return filesFor(name, `koffi-${processor}-${libc}.node`, node.path, processor);
  },
};

function filesFor(name: string, koffi: string, nodePath: string, processor: string): Choice {
  const program = createRequire(import.meta.url).resolve("@sonde/agent/program");
  const folder = dirname(program);
  if (!existsSync(join(folder, koffi))) {
    const library = `@koromix/koffi-linux-${processor}`;
    return {
      kind: "lack",
      what: `the agent's binary library for the board, ${koffi}, is not among sonde's files here`,
      hint: `in the checkout: npm install --no-save --force ${library}@$(npm pkg get version -w koffi) && npm run build`,
    };
  }
  const loader = readFileSync(program);
  const code = /sonde-agent-[0-9a-f]{12}\.cjs/.exec(loader.toString())?.[0] ?? "";
  const copy = (file: string): ArchivedFile => ({
    name: file,
    mode: 0o600,
    bytes: readFileSync(join(folder, file)),
  });
  return {
    kind: "payload",
    name,
    files: [
      { name: "sonde-agent", mode: 0o700, bytes: Buffer.from(launcher(nodePath)) },
      { name: "sonde-agent.cjs", mode: 0o600, bytes: loader },
      copy(code),
      copy(koffi),
    ],
  };
}

/** Node's path is the board's, as it was found: PATH may be another when the agent is started. */
function launcher(nodePath: string): string {
  return `#!/bin/sh\nexec ${quoteForShell(nodePath)} "\${0%/*}/sonde-agent.cjs" "$@"\n`;
}
