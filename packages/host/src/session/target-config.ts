import { TargetError } from "./errors.js";
import { parseTarget } from "./target-url.js";

/** What can be kept of a target beside its address: all of it text. Files are named by whole paths. */
export const targetSettings = [
  /** A key, as `sonde-agent key` prints it. */
  "key",
  /** A file with a key. */
  "keyFile",
  "caFile",
  "pin",
  "certFile",
  "certKeyFile",
  /** The kernel's types; and the kernel as it was built, which comes before them. */
  "btfFile",
  "vmlinuxFile",
  /** The kernel's symbols as they were linked. */
  "systemMapFile",
] as const;

export type TargetSettings = Readonly<Partial<Record<(typeof targetSettings)[number], string>>>;

export interface SavedTarget extends TargetSettings {
  readonly url: string;
}

/** The user's targets by name. */
export interface TargetConfig {
  /** The name of the one that is meant when none is named. */
  readonly default?: string;
  readonly targets: Readonly<Record<string, SavedTarget>>;
}

/** Without a colon, which every address has. */
const namePattern = /^[A-Za-z0-9][\w.-]{0,63}$/;

/** Throws TargetError. */
export function requireTargetName(name: string): void {
  if (namePattern.test(name)) return;
  throw new TargetError(`target name "${name}": not a name`, {
    hint: "a name is made of letters, digits, dots, dashes and underscores, and begins with a letter or digit",
  });
}

/** Parses the config file's text. Throws TargetError, which says where in `path` what is wrong. */
export function parseTargetConfig(text: string, path: string): TargetConfig {
  const fault = (what: string, cause?: unknown): TargetError =>
    new TargetError(`config file ${path}: ${what}`, { cause });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw fault(`not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  const root = requireObject(value, "the whole", ["default", "targets"], fault);
  const entries = Object.entries(requireObject(root["targets"] ?? {}, "targets", undefined, fault));
  const targets = Object.fromEntries(
    entries.map(([name, saved]) => [name, parseSavedTarget(name, saved, fault)]),
  );
  const chosen = root["default"];
  if (chosen === undefined) return { targets };
  if (typeof chosen !== "string" || !Object.hasOwn(targets, chosen)) {
    throw fault(`default: ${JSON.stringify(chosen)} is not the name of one of the targets`);
  }
  return { default: chosen, targets };
}

/** The file's text: targets in the order of their names, settings always in the same order. */
export function formatTargetConfig(config: TargetConfig): string {
  const names = Object.keys(config.targets).sort();
  const ordered = {
    ...(config.default === undefined ? {} : { default: config.default }),
    targets: Object.fromEntries(names.map((name) => [name, inOrder(config.targets[name])])),
  };
  return `${JSON.stringify(ordered, undefined, 2)}\n`;
}

function inOrder(target: SavedTarget | undefined): object {
  const settings = ["url", ...targetSettings] as const;
  return Object.fromEntries(
    settings.flatMap((name) => (target?.[name] === undefined ? [] : [[name, target[name]]])),
  );
}

type Fault = (what: string, cause?: unknown) => TargetError;

function parseSavedTarget(name: string, value: unknown, fault: Fault): SavedTarget {
  const where = `targets.${name}`;
  if (!namePattern.test(name)) throw fault(`${where}: not a name for a target`);
  const object = requireObject(value, where, ["url", ...targetSettings], fault);
  const { url, ...settings } = object;
  if (typeof url !== "string") throw fault(`${where}.url: the target's address is missing`);
  try {
    parseTarget(url);
  } catch (cause) {
    if (!(cause instanceof TargetError)) throw cause;
    throw fault(`${where}.url: ${cause.message}`, cause);
  }
  const wrong = Object.entries(settings).find(([, setting]) => typeof setting !== "string");
  if (wrong !== undefined) throw fault(`${where}.${wrong[0]}: not a text`);
  // Every setting has been seen to be known and a text.
  return { url, ...(settings as TargetSettings) };
}

function requireObject(
  value: unknown,
  where: string,
  known: readonly string[] | undefined,
  fault: Fault,
): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw fault(`${where}: not an object, {…}`);
  }
  const unknown = known && Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw fault(`${where}: there is no ${unknown}, but ${known?.join(", ") ?? ""}`);
  }
  return value as Readonly<Record<string, unknown>>; // an object, as was just seen
}
