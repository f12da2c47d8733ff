import { existsSync, readdirSync, readFileSync } from "node:fs";
import { architectures } from "./architectures.js";
import { agentFolder } from "./userland.js";

const dist = new URL("../../packages/agent/dist/", import.meta.url);
const program = "usr/bin/sonde-agent";

/**
 * The agent for a board as it was built last; nothing where there is no micro agent for its processor. Throws when Node's
 * is not built.
 *
 * @param {import("./boards.js").Board} board
 */
export function agentFiles({ agent, architecture }) {
  return agent === "node" ? nodeAgent() : microAgent(architectures[architecture].nodeName);
}

function nodeAgent() {
  const names = readdirSync(dist).filter((name) => /^sonde-agent.*\.cjs$/.test(name));
  if (names.length === 0) throw new Error("the agent is not built: npm run build");
  const script = `#!/usr/bin/sh\nexec node /${agentFolder}/sonde-agent.cjs "$@"\n`;
  return [
    { path: program, content: Buffer.from(script), isExecutable: true },
    ...names.map((name) => ({
      path: `${agentFolder}/${name}`,
      content: readFileSync(new URL(name, dist)),
    })),
  ];
}

/** @param {string} name  of the processor */
function microAgent(name) {
  const binary = new URL(`micro/sonde-agent-${name}`, dist);
  if (!existsSync(binary)) return [];
  return [{ path: program, content: readFileSync(binary), isExecutable: true }];
}
