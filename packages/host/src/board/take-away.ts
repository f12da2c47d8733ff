import { ConnectError } from "../session/errors.js";
import { type ConnectOptions } from "../session/open-peer.js";
import { withProgram } from "../session/shell-address.js";
import { isConsole } from "./console-agent.js";
import { openShell } from "./open-shell.js";
import { removeAgent } from "./push.js";
import { stopRunning } from "./running-agent.js";

export interface TakeAwayOptions {
  /** Where the agent was put; undefined: in one of the usual places. */
  readonly folder: string | undefined;
  /** Also when others have sessions there. */
  readonly force: boolean;
  readonly connect: ConnectOptions;
}

/** Ends the agent of a target, if one is running, and removes what was put there. Gives the folders. Throws what they throw. */
export async function takeAwayAgent(
  target: string,
  options: TakeAwayOptions,
): Promise<readonly string[]> {
  return isConsole(target)
    ? await takeFromConsole(target, options)
    : await takeFromShell(target, options);
}

async function takeFromShell(
  target: string,
  { folder, force, connect }: TakeAwayOptions,
): Promise<readonly string[]> {
  const url = folder === undefined ? target : withProgram(target, `${folder}/sonde-agent`);
  await using shell = await openShell(target);
  // Without an agent that can be started there is none to stop; a board that is not reached is told of below.
  await unlessUnreached(() => stopRunning(url, connect, { force }));
  return await removeAgent(shell, folder);
}

/** There either the shell answers, or the agent. */
async function takeFromConsole(
  target: string,
  { folder, force, connect }: TakeAwayOptions,
): Promise<readonly string[]> {
  const first = await unlessUnreached(() => openShell(target));
  if (first === undefined) await stopRunning(target, connect, { force });
  await using shell = first ?? (await openShell(target));
  return await removeAgent(shell, folder);
}

/** What comes of it, or undefined when the board is not reached. */
async function unlessUnreached<T>(attempt: () => Promise<T>): Promise<T | undefined> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof ConnectError) return undefined;
    throw error;
  }
}
