import { ConnectError } from "../session/errors.js";
import { type ConnectOptions, openPeer, type OpenPeer } from "../session/open-peer.js";
import { parseTarget } from "../session/target-url.js";

/** The name of the agent that is running on a target; undefined when none is. Throws what connecting throws beside. */
export async function askRunning(
  target: string,
  options: ConnectOptions,
): Promise<string | undefined> {
  return await withRunning(target, options, ({ hello }) => Promise.resolve(hello.agent));
}

/**
 * Ends the agent that is running on a target; whether one was. Throws RemoteError when it may not be ended, or when others
 * have sessions there and `force` is not set.
 */
export async function stopRunning(
  target: string,
  options: ConnectOptions,
  { force }: { readonly force: boolean },
): Promise<boolean> {
  const isStopped = await withRunning(target, options, async ({ peer }) => {
    await peer.call("agent.stop", { force });
    // It says goodbye when nothing is left of its sessions.
    await peer.closed;
    return true;
  });
  return isStopped ?? false;
}

/** Undefined when no agent is running. */
async function withRunning<T>(
  target: string,
  options: ConnectOptions,
  use: (opened: OpenPeer) => Promise<T>,
): Promise<T | undefined> {
  try {
    const how = { ...options, startsAgent: false };
    return await openPeer(target, parseTarget(target), how, async (opened) => {
      const result = await use(opened);
      opened.peer.close("the session is over");
      await opened.link.end();
      return result;
    });
  } catch (error) {
    if (error instanceof ConnectError && error.message.includes("no agent is running")) {
      return undefined;
    }
    throw error;
  }
}
