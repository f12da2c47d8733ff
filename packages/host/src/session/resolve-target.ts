import { nearNames } from "../language/near-names.js";
import { readConfig } from "./config-file.js";
import { TargetError } from "./errors.js";
import { type SavedTarget } from "./target-config.js";

export interface ResolvedTarget extends SavedTarget {
  /** Undefined when it was given as an address. */
  readonly name: string | undefined;
}

/**
 * The target that is meant by an address, or by a name of the user's config file; without either by $SONDE_TARGET, by the config
 * file's default, and else this machine. Throws TargetError.
 */
export function resolveTarget(given: string | undefined): ResolvedTarget {
  const fromEnvironment = process.env["SONDE_TARGET"];
  const text = given ?? (fromEnvironment === "" ? undefined : fromEnvironment);
  // The config file is not looked at where it does not matter: it may be wrong.
  if (text?.includes(":") === true) return { url: text, name: undefined };
  const { default: chosen, targets } = readConfig();
  const name = text ?? chosen;
  if (name === undefined) return { url: "local:", name };
  const saved = Object.hasOwn(targets, name) ? targets[name] : undefined;
  if (saved !== undefined) return { ...saved, name };
  throw unknownTarget(name, Object.keys(targets));
}

/** The error for a name that is not in the config file. */
export function unknownTarget(name: string, known: readonly string[]): TargetError {
  const [near] = nearNames(name, known);
  const advice = near === undefined ? "" : `did you mean ${near}? `;
  return new TargetError(`target "${name}": neither an address nor the name of a target`, {
    hint: `${advice}sonde targets list shows the names, sonde targets add ${name === "" ? "NAME" : name} URL gives one, docs/targets.md has the addresses`,
  });
}
