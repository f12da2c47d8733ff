import { type Result, type TargetDescription, type TargetFeatures } from "@sonde/protocol";
import { join } from "node:path";
import { cacheFolder } from "./cache-folder.js";
import { keepFile, readKeptFile, keptName } from "./kept-file.js";

/** Counted up when agents of the same version learn to answer for a feature more. */
const generation = 2;

/**
 * What a target's kernel can do, kept on this machine so that it is asked once for each boot: by the boot, the agent's
 * version and what the agent may do, on which the answers depend.
 */
export class FeatureCache {
  readonly #path: string;

  constructor(hello: Result<"hello">, target: TargetDescription) {
    const { uid, capabilities } = target.privileges;
    const parts = [
      generation,
      hello.agent,
      target.release,
      target.version,
      target.bootId,
      String(uid),
      String(capabilities),
      target.tracefs,
    ];
    this.#path = join(cacheFolder(), "features", `${keptName(parts)}.json`);
  }

  read(): TargetFeatures | undefined {
    const bytes = readKeptFile(this.#path);
    try {
      return bytes === undefined
        ? undefined
        : asFeatures(JSON.parse(Buffer.from(bytes).toString()));
    } catch {
      // Not whole: the target is asked.
      return undefined;
    }
  }

  /** Keeps conclusive answers only: what could not be asked may be found out the next time. */
  write(features: TargetFeatures): void {
    if (Object.values(features).some(({ state }) => state === "unknown")) return;
    keepFile(this.#path, JSON.stringify(features));
  }
}

/** A kept file may be of another version, or damaged: it counts when it is what was written. */
function asFeatures(value: unknown): TargetFeatures | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const entries = Object.entries(value).map(([name, answer]: [string, unknown]) => {
    if (typeof answer !== "object" || answer === null || !("state" in answer)) return undefined;
    const { state } = answer;
    if (state !== "supported" && state !== "unsupported") return undefined;
    const reason =
      "reason" in answer && typeof answer.reason === "string" ? { reason: answer.reason } : {};
    return [name, { state, ...reason }] as const;
  });
  const good = entries.filter((entry) => entry !== undefined);
  return good.length === entries.length ? Object.fromEntries(good) : undefined;
}
