import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ConnectError } from "./errors.js";

/** How to start an agent on this machine. */
export interface LocalAgent {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * The agent beside us in the checkout or the installation: the micro agent where it is built, for it starts sooner, else
 * Node's, run by the Node that runs us. $SONDE_AGENT, "micro" or "node", asks for one of them. Throws ConnectError.
 */
export function findLocalAgent(
  program = findProgram(),
  wanted = process.env["SONDE_AGENT"] ?? "",
): LocalAgent {
  if (!["", "node", "micro"].includes(wanted)) {
    throw new ConnectError(`SONDE_AGENT=${wanted}: there are node and micro`);
  }
  const micro = join(dirname(program), "micro", `sonde-agent-${process.arch}`);
  const isBuilt = existsSync(micro);
  if (wanted === "micro" && !isBuilt) {
    throw new ConnectError(`SONDE_AGENT=micro: there is no ${micro}`, {
      hint: "build it, in the checkout: sonde agent build",
    });
  }
  return isBuilt && wanted !== "node"
    ? { file: micro, args: [] }
    : { file: process.execPath, args: [program] };
}

/** Beside our own bundle, in a checkout and in node_modules; Node's way to find it takes longer than to look there. */
function findProgram(): string {
  const folder = dirname(fileURLToPath(import.meta.url));
  const beside = join(folder, "..", "..", "agent", "dist", "sonde-agent.cjs");
  return existsSync(beside)
    ? beside
    : createRequire(import.meta.url).resolve("@sonde/agent/program");
}
