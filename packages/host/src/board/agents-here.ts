import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { hostVersion } from "../session/version.js";
import { microAgentFolder } from "./micro-agent.js";

/** The agents that can be pushed from here, a line for each. */
export function describeAgents(folder = microAgentFolder()): readonly string[] {
  const koffi = filesOf(dirname(folder)).flatMap((file) => {
    const [, processor, libc] = /^koffi-(\w+)-(\w+)\.node$/.exec(file) ?? [];
    return processor === undefined ? [] : [`${processor} (${libc ?? ""})`];
  });
  const micro = filesOf(folder).flatMap((file) => {
    const processor = /^sonde-agent-(\w+)$/.exec(file)?.[1];
    if (processor === undefined) return [];
    const kilobytes = Math.ceil(statSync(join(folder, file)).size / 1000);
    return [`sonde-agent ${hostVersion}, micro, ${processor}: ${kilobytes} kB`];
  });
  const node = `sonde-agent ${hostVersion} for Node: ${koffi.join(", ")}`;
  const none = "no micro agent is built: sonde agent build, in a checkout";
  return [node, ...(micro.length === 0 ? [none] : micro)];
}

function filesOf(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
