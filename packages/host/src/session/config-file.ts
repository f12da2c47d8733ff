import {
  chmodSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { TargetError } from "./errors.js";
import { formatTargetConfig, parseTargetConfig, type TargetConfig } from "./target-config.js";

/** Permission bits of everyone but the owner. */
const othersPermissions = 0o077;

/** The user's config file: $SONDE_CONFIG, or config.json in a folder of the user's configuration (XDG Base Directory). */
export function configPath(): string {
  const own = process.env["SONDE_CONFIG"];
  if (own !== undefined && own !== "") return own;
  const shared = process.env["XDG_CONFIG_HOME"];
  const folder = shared !== undefined && shared !== "" ? shared : join(homedir(), ".config");
  return join(folder, "sonde", "config.json");
}

/** The user's targets; none when there is no file. Throws TargetError when it is wrong, or holds a key that others can read. */
export function readConfig(): TargetConfig {
  const path = configPath();
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (isAbsent(cause)) return { targets: {} };
    throw new TargetError(`config file ${path}: ${describe(cause)}`, { cause });
  }
  const config = parseTargetConfig(text, path);
  const holdsKey = Object.values(config.targets).some(({ key }) => key !== undefined);
  if (holdsKey && process.platform !== "win32" && (statSync(path).mode & othersPermissions) !== 0) {
    throw new TargetError(`config file ${path} holds a key, and others can read it`, {
      hint: `chmod 600 ${path}`,
    });
  }
  return config;
}

/** Writes the whole file in one step, readable by its owner alone. Throws TargetError. */
export function writeConfig(config: TargetConfig): void {
  const path = configPath();
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const real = followLink(path);
    const temporary = `${real}.${process.pid}`;
    try {
      writeFileSync(temporary, formatTargetConfig(config), { mode: 0o600 });
      chmodSync(temporary, 0o600);
      renameSync(temporary, real);
    } finally {
      rmSync(temporary, { force: true });
    }
  } catch (cause) {
    throw new TargetError(`write config file ${path}: ${describe(cause)}`, { cause });
  }
}

/** Who keeps such files elsewhere has a link here, which shall stay. */
function followLink(path: string): string {
  try {
    return realpathSync(path);
  } catch (cause) {
    if (isAbsent(cause)) return path;
    throw cause;
  }
}

function isAbsent(cause: unknown): boolean {
  return typeof cause === "object" && cause !== null && "code" in cause && cause.code === "ENOENT";
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
