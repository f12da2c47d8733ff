import { resolveTarget } from "../session/resolve-target.js";
import { type SessionOptions } from "../session/session.js";
import { settingsOptions } from "../session/settings-options.js";
import { Target } from "./target.js";

/**
 * Connects to the agent that a target's address names: "local:" starts one on this machine. A name of the user's config file
 * will do, too; what is kept of that target there is used unless `options` say otherwise. Throws TargetError for what is
 * neither, ConnectError when nobody is there.
 */
export async function connect(target: string, options: SessionOptions = {}): Promise<Target> {
  const resolved = resolveTarget(target);
  return await Target.connect(resolved.url, { ...settingsOptions(resolved), ...options });
}
