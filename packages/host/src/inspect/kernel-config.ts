import { RemoteError } from "@sonde/protocol";
import { gunzipSync } from "node:zlib";
import { type RemoteFiles } from "../session/remote-files.js";

/** The options that a target's kernel was built with. */
export class KernelConfig {
  /** Where on the target they stand. */
  readonly path: string;
  readonly #options: ReadonlyMap<string, string>;

  constructor(path: string, text: string) {
    this.path = path;
    this.#options = new Map(
      [...text.matchAll(/^(CONFIG_\w+)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]),
    );
  }

  /** The target's own, from /proc or from /boot, as its agent lets them be read; undefined when it shows none. */
  static async read(
    files: Pick<RemoteFiles, "readKept">,
    release: string,
  ): Promise<KernelConfig | undefined> {
    for (const path of ["/proc/config.gz", `/boot/config-${release}`]) {
      const bytes = await unlessRefused(files.readKept(path));
      if (bytes === undefined) continue;
      const text = Buffer.from(path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
      return new KernelConfig(path, text);
    }
    return undefined;
  }

  /** Whether an option is built in, or there as a module. */
  has(option: string): boolean {
    const value = this.#options.get(option);
    return value === "y" || value === "m";
  }
}

async function unlessRefused<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    // Not there, or not to be read by this agent: then it is not known.
    if (error instanceof RemoteError) return undefined;
    throw error;
  }
}
