import { type CancelSignal } from "@sonde/protocol";
import { type Session } from "./session.js";

/** A round trip's worth; on a slow line a second of it. */
const limitBytes = 16_384;
/** How long the agent waits for something to come. */
const waitMilliseconds = 4000;

/**
 * What comes to the target's trace_pipe, as it comes, until `signal` is aborted. The first is given once it is open: the
 * lines that are there already, or nothing. Throws RemoteError.
 */
export async function* readTracePipe(
  { peer }: Session,
  signal: CancelSignal,
): AsyncGenerator<Uint8Array> {
  for (let wait = 0; !signal.aborted; wait = waitMilliseconds) {
    // A request that is taken back is answered all the same, with what the agent has taken out of the pipe by then.
    const params = { limitBytes, waitMilliseconds: wait };
    const { data } = await peer.call("tracePipe.read", params, { signal });
    yield data;
  }
}
