import { readKernelConfiguration } from "../session/kernel-configuration.js";
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
    const found = await readKernelConfiguration(files, release);
    return found === undefined ? undefined : new KernelConfig(found.path, found.text);
  }

  /** Whether an option is built in, or there as a module. */
  has(option: string): boolean {
    const value = this.#options.get(option);
    return value === "y" || value === "m";
  }
}
