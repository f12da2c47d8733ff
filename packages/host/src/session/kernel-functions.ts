import { RemoteError } from "@sonde/protocol";
import { type KernelFunction } from "../language/answers.js";
import { nearNames } from "../language/near-names.js";
import { type TargetFiles } from "./target-files.js";

/** Of a name that is not there, so much is taken for right when others like it are looked for. */
const trustedLetters = 3;

/** Finds functions of a kernel by what they are called. Throws RemoteError. */
export class KernelFunctions {
  readonly #files: TargetFiles;
  readonly #tracefs: string;

  /** `tracefs`: where it is mounted; "" for nowhere. */
  constructor(files: TargetFiles, tracefs: string) {
    this.#files = files;
    this.#tracefs = tracefs;
  }

  /** Those whose names match a pattern, each once; "module:pattern" for those of a module. */
  async find(pattern: string): Promise<readonly KernelFunction[]> {
    const colon = pattern.indexOf(":");
    const module = colon === -1 ? undefined : pattern.slice(0, colon);
    const name = pattern.slice(colon + 1);
    const found = (await this.#traceable(name, module)) ?? (await this.#listed(name, module));
    return [...new Map(found.map((one) => [`${one.module} ${one.name}`, one])).values()];
  }

  /** Names like one that is not there. */
  async near(name: string): Promise<readonly string[]> {
    const functions = await this.find(`${name.slice(0, trustedLetters)}*`);
    return nearNames(
      name,
      functions.map((one) => one.name),
    );
  }

  /** Those that the kernel lets be traced: "NAME", "NAME [MODULE]"; undefined where it does not tell. */
  async #traceable(
    name: string,
    module: string | undefined,
  ): Promise<readonly KernelFunction[] | undefined> {
    if (this.#tracefs === "") return undefined;
    const path = `${this.#tracefs}/available_filter_functions`;
    try {
      const lines = await this.#lines(path, name, module, { before: "", between: " " });
      return lines.flatMap((line) => parse(/^(\S+)(?:\s+\[(.+)\])?$/, line));
    } catch (error) {
      if (error instanceof RemoteError && /^(missing|forbidden|syscall)$/.test(error.code)) {
        return undefined;
      }
      throw error;
    }
  }

  /** Those of the symbol table, some of which cannot be probed: "ADDRESS TYPE NAME", and a tab and "[MODULE]". */
  async #listed(name: string, module: string | undefined): Promise<readonly KernelFunction[]> {
    const lines = await this.#lines("/proc/kallsyms", name, module, {
      before: "* ? ",
      between: "\t",
    });
    return lines.flatMap((line) => parse(/^[0-9a-f]+ [tTwW] (\S+)(?:\t\[(.+)\])?$/, line));
  }

  async #lines(
    path: string,
    name: string,
    module: string | undefined,
    form: { readonly before: string; readonly between: string },
  ): Promise<readonly string[]> {
    const inModules = `${form.before}${name}${form.between}[${module ?? "*"}]`;
    if (module !== undefined) return await this.#files.lines(path, inModules);
    // A star takes what stands behind the name along.
    const own = await this.#files.lines(path, `${form.before}${name}`);
    return name.endsWith("*") ? own : [...own, ...(await this.#files.lines(path, inModules))];
  }
}

function parse(form: RegExp, line: string): readonly KernelFunction[] {
  const [, name, module] = form.exec(line) ?? [];
  return name === undefined ? [] : [{ name, module }];
}
