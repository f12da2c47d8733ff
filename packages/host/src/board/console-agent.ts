import { agentPlaces } from "../session/agent-places.js";
import { quoteForShell } from "../session/board-shell.js";
import { ConnectError } from "../session/errors.js";
import { type ConnectOptions } from "../session/open-peer.js";
import { parseTarget } from "../session/target-url.js";
import { ConsoleShell, shellQuestion } from "./console-shell.js";
import { manifestName } from "./facts.js";
import { openShell } from "./open-shell.js";
import { askRunning, stopRunning } from "./running-agent.js";

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
  /** When it aborts, the shell has its console back before its reason is thrown. */
  readonly signal: AbortSignal;
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
  const { signal } = start;
  const log = await typeStart(target, start);
  const name = await findStarted(target, options, log);
  if (signal.aborted) await stopRunning(target, options, { force: false });
  signal.throwIfAborted();
  return name;
}

/** Gives the agent's name. */
async function findStarted(target: string, options: ConnectOptions, log: string): Promise<string> {
  try {
    const how = { ...options, timeoutMilliseconds: startMilliseconds };
    return (await askRunning(target, how)) ?? "an agent";
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    throw new ConnectError(`${error.message}${await readLog(target, log)}`, { cause: error });
  }
}

/** Gives the path of the agent's log, which goes with a folder that was pushed. */
async function typeStart(
  target: string,
  { program, idleSeconds, signal }: ConsoleStart,
): Promise<string> {
  await using shell = await openConsole(target);
  const found = await shell.run(`
p=${program === undefined ? "$(command -v sonde-agent)" : quoteForShell(program)}
if [ -z "$p" ]; then
for d in ${agentPlaces.join(" ")}; do
[ -O "$d" ] && [ -x "$d/sonde-agent" ] && p="$d/sonde-agent" && break
done
fi
l=/dev/null
[ -O "\${p%/*}/${manifestName}" ] && l="$p.log"
[ -x "$p" ] && echo "$p" && echo "$l" && stty speed 2>/dev/null`);
  const [path = "", log = "", speed = ""] = found.output.trim().split("\n");
  if (!path.startsWith("/")) {
    throw new ConnectError(`${shell.name}: there is no sonde-agent on the board`, {
      hint: `put one there with: sonde agent push -t ${target}`,
    });
  }
  // The board knows best how fast its console is; a bridge's address need not say so.
  const baud = /^\d+$/.test(speed) ? speed : String(baudOf(target));
  const words = `--serial "$(tty)" --baud ${baud} --idle ${idleSeconds}`;
  signal.throwIfAborted();
  await shell.leave(
    [
      "s=$(stty -g 2>/dev/null)",
      // Raw at once: what we send while the agent starts would else be Ctrl-C and the like.
      "stty raw -echo 2>/dev/null",
      `${quoteForShell(path)} ${words} </dev/null >/dev/null 2>${quoteForShell(log)}`,
      // Nor does the shell read what hosts say to an agent that has ended: until one looks for a shell, or all are silent for
      // five seconds.
      `stty raw -echo min 0 time 50 2>/dev/null && while IFS= read -r l; do case $l in *'${shellQuestion}'*) break;; esac; done`,
      'stty "$s" 2>/dev/null',
    ].join("; "),
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
