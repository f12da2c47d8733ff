import { ReplaySource } from "./replay-source.js";
import { decodeContext } from "./target.js";
import { Trace } from "./trace.js";

/**
 * Opens a recording as a trace that can be run or iterated like a live one. Throws TargetError for a file that is none, and
 * DecodeError, then or while it runs, for one that was damaged.
 */
export async function openRecording(path: string): Promise<Trace> {
  const source = await ReplaySource.open(path);
  const { spec, target } = source.header;
  const context = decodeContext(target, target, source, () => undefined);
  return new Trace(spec, source, context, () => Promise.resolve());
}
