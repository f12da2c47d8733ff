import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const root = join(import.meta.dirname, "..", "..");
const limitMilliseconds = 300_000;

/** Where `npm run build:micro` puts the agent for this machine. */
export const microAgentPath = join(
  root,
  "packages/agent/dist/micro",
  `sonde-agent-${process.arch}`,
);

/** Builds the micro agent for this machine; in seconds when only sources of ours have changed since the last time. */
export async function buildMicroAgent(
  args: readonly string[] = [],
  settings: NodeJS.ProcessEnv = {},
): Promise<void> {
  const script = join(root, "scripts/build-micro.js");
  await promisify(execFile)(process.execPath, [script, "--arch", process.arch, ...args], {
    env: { ...process.env, ...settings },
    timeout: limitMilliseconds,
  });
}
