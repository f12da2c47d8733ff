import { agentPlaces } from "../session/agent-places.js";
import { quoteForShell } from "../session/board-shell.js";
import { ConnectError } from "../session/errors.js";
import { type ConnectOptions } from "../session/open-peer.js";
import { parseTarget } from "../session/target-url.js";
import { ConsoleShell } from "./console-shell.js";
import { openShell } from "./open-shell.js";
import { askRunning } from "./running-agent.js";

/** A slow board takes seconds to start Node. */
const startMilliseconds = 30_000;

/** Whether a target's board is reached by a line, whose shell and whose agent take turns on it. */
export function isConsole(target: string): boolean {
  return ["serial", "tcp", "rfc2217"].includes(parseTarget(target).kind);
}

export interface ConsoleStart {
  /** The agent's path on the board; undefined: wherever it is found. */
  readonly program: string | undefined;
  /** After so long without a session the agent ends, and the shell has its console back. */
  readonly idleSeconds: number;
}

/**
 * Has the shell of a console start an agent that takes the console over, until it ends. Gives the agent's name. Throws
 * ConnectError.
 */
export async function startOnConsole(
  target: string,
  options: ConnectOptions,
  start: ConsoleStart,
): Promise<string> {
  const log = await typeStart(target, start);
  try {
    const how = { ...options, timeoutMilliseconds: startMilliseconds };
    return (await askRunning(target, how)) ?? "an agent";
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    throw new ConnectError(`${error.message}${await readLog(target, log)}`, { cause: error });
  }
}

/** Gives the path of the agent's log. */
async function typeStart(target: string, { program, idleSeconds }: ConsoleStart): Promise<string> {
  const shell = await openConsole(target);
  const found = await shell.run(`
p=${program === undefined ? "$(command -v sonde-agent)" : quoteForShell(program)}
if [ -z "$p" ]; then
for d in ${agentPlaces.join(" ")}; do
[ -O "$d" ] && [ -x "$d/sonde-agent" ] && p="$d/sonde-agent" && break
done
fi
[ -x "$p" ] && echo "$p" && stty speed 2>/dev/null`);
  const [path = "", speed = ""] = found.output.trim().split("\n");
  if (!path.startsWith("/")) {
    await shell[Symbol.asyncDispose]();
    throw new ConnectError(`${shell.name}: there is no sonde-agent on the board`, {
      hint: `put one there with: sonde agent push -t ${target}`,
    });
  }
  // The board knows best how fast its console is; a bridge's address need not say so.
  const baud = /^\d+$/.test(speed) ? speed : String(baudOf(target));
  const log = `${path}.log`;
  const words = `--serial "$(tty)" --baud ${baud} --idle ${idleSeconds}`;
  // Raw at once: what we send while the agent starts would else be Ctrl-C and the like.
  await shell.leave(
    `s=$(stty -g 2>/dev/null); stty raw -echo 2>/dev/null; ${quoteForShell(path)} ${words} </dev/null >/dev/null 2>${quoteForShell(log)}; stty "$s" 2>/dev/null`,
  );
  return log;
}

async function readLog(target: string, log: string): Promise<string> {
  try {
    await using shell = await openConsole(target);
    const { output } = await shell.run(`cat ${quoteForShell(log)}`);
    return output.trim() === "" ? "" : `; it said: ${output.trim()}`;
  } catch (error) {
    if (error instanceof ConnectError) return "";
    throw error;
  }
}

async function openConsole(target: string): Promise<ConsoleShell> {
  const shell = await openShell(target);
  if (shell instanceof ConsoleShell) return shell;
  throw new ConnectError(`${shell.name}: not a console`);
}

function baudOf(target: string): number {
  const address = parseTarget(target);
  return "baud" in address ? address.baud : 115_200;
}
