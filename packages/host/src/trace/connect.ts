import { type SessionOptions } from "../session/session.js";
import { Target } from "./target.js";

/**
 * Connects to the agent that a target's address names: "local:" starts one on this machine. Throws TargetError for an
 * address that is none, ConnectError when nobody is there.
 */
export async function connect(target: string, options: SessionOptions = {}): Promise<Target> {
  return await Target.connect(target, options);
}
