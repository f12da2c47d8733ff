import { quoteForShell } from "./board-shell.js";

/**
 * Where agents that were pushed lie on a board, in words of sh: the first place that can be written to is taken. Each is a
 * folder of the user's own.
 */
export const agentPlaces = [
  '"/tmp/sonde-agent-$(id -u)"',
  '"${HOME:-/nonexistent}/.cache/sonde-agent"',
  // Android has no /tmp.
  '"/data/local/tmp/sonde-agent-$(id -u)"',
] as const;

/**
 * A line of sh that becomes the agent with these arguments: the one of that path, or else the first of PATH and the places
 * where `sonde agent push` puts it. In words that the ash of busybox has.
 */
export function agentLine(program: string | undefined, args: readonly string[]): string {
  const words = args.map(quoteForShell).join(" ");
  if (program !== undefined) return `exec ${quoteForShell(program)} ${words}`;
  return [
    `p=$(command -v sonde-agent) && exec "$p" ${words}`,
    // Only what is ours: anyone can make a folder of that name in /tmp.
    `for d in ${agentPlaces.join(" ")}; do if [ -O "$d" ] && [ -x "$d/sonde-agent" ]; then exec "$d/sonde-agent" ${words}; fi; done`,
    'echo "sonde-agent: not found" >&2',
    "exit 127",
  ].join("; ");
}
