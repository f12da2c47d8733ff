import { existsSync, readdirSync, readFileSync } from "node:fs";
import { architectures } from "./architectures.js";
import { agentFolder } from "./userland.js";

const dist = new URL("../../packages/agent/dist/", import.meta.url);
const program = "usr/bin/sonde-agent";
export const otherAgentProgram = "usr/bin/sonde-other-agent";

/**
 * The agents for a board as they were built last: its own, none where there is no micro agent for its processor, and for
 * those that are started beside it the micro agent if there is one (Node takes ten seconds to start in an emulator).
 * Throws when Node's is not built.
 *
 * @param {import("./boards.js").Board} board
 */
export function agentFiles(board) {
  const micro = microAgent(board);
  const own = runsNode(board) ? nodeAgent() : micro;
  const [other] = micro.length > 0 ? micro : own;
  return [...own, ...(other === undefined ? [] : [{ ...other, path: otherAgentProgram }])];
}

/**
 * Whether a board's own agent is Node's.
 *
 * @param {import("./boards.js").Board} board
 */
export function runsNode(board) {
  return board.agent === "node" || (board.agent !== "micro" && microAgent(board).length === 0);
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

/** @param {import("./boards.js").Board} board */
function microAgent({ architecture }) {
  const name = architectures[architecture].nodeName;
  const binary = new URL(`micro/sonde-agent-${name}`, dist);
  if (!existsSync(binary)) return [];
  return [{ path: program, content: readFileSync(binary), isExecutable: true }];
}
