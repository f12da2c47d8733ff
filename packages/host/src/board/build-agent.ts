import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { TargetError } from "../session/errors.js";
import { microAgentFolder } from "./micro-agent.js";

/**
 * Builds the micro agent for these processors (arm64, armhf …; none: this machine's), telling of it on the terminal, and
 * gives the exit code. Throws TargetError where this is no checkout: what it is built of is there only.
 */
export async function buildAgents(processors: readonly string[]): Promise<number> {
  // FOLDER/packages/agent/dist/micro
  const checkout = join(dirname(microAgentFolder()), "../../..");
  const script = join(checkout, "scripts/build-micro.js");
  if (!existsSync(script)) {
    throw new TargetError("build the micro agent: this is no checkout of Sonde's sources", {
      hint: "build it in one, and push it from there: docs/micro-agent.md",
    });
  }
  const wanted = processors.length === 0 ? [process.arch] : processors;
  const child = spawn(process.execPath, [script, "--arch", wanted.join()], { stdio: "inherit" });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}
