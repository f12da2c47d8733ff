import { RemoteError } from "@sonde/protocol";
import { Btf, openModuleBtf } from "../btf/btf.js";
import { type TargetFiles, type TargetTypes } from "./target-files.js";

const folder = "/sys/kernel/btf";

/** A module of the target's kernel, and its own types. */
export interface ModuleTypes {
  readonly name: string;
  readonly types: Btf;
}

/** The types of the target's modules, which few programs need: read when they are first asked for. Throws RemoteError, BtfError. */
export class KernelModules {
  readonly #files: Pick<TargetFiles, "list" | "readKept">;
  readonly #types: TargetTypes;
  #modules: Promise<readonly ModuleTypes[]> | undefined;

  constructor(files: Pick<TargetFiles, "list" | "readKept">, types: TargetTypes) {
    this.#files = files;
    this.#types = types;
  }

  /** None where the kernel's own types are not all at hand, since a module's go on from them. */
  async all(): Promise<readonly ModuleTypes[]> {
    this.#modules ??= this.#read();
    return await this.#modules;
  }

  async #read(): Promise<readonly ModuleTypes[]> {
    const kernel = await this.#types.ask((types) => (types instanceof Btf ? types : undefined));
    if (kernel === undefined) return [];
    const modules: ModuleTypes[] = [];
    for (const name of await this.#names()) {
      const bytes = await this.#files.readKept(`${folder}/${name}`);
      modules.push({ name, types: openModuleBtf(bytes, kernel) });
    }
    return modules;
  }

  async #names(): Promise<readonly string[]> {
    try {
      return (await this.#files.list(folder)).filter((name) => name !== "vmlinux");
    } catch (error) {
      // A kernel without types, whose types come from a file, shows none of its modules' either.
      if (error instanceof RemoteError && error.code === "missing") return [];
      throw error;
    }
  }
}
