import { RemoteError } from "@sonde/protocol";
import { type TargetFiles } from "../session/target-files.js";
import { type RecordedTexts } from "./target-record.js";

/** Files of a target, of which it is noted what they say. */
export class NotingFiles implements TargetFiles {
  readonly #files: TargetFiles;
  readonly #texts = new Map<string, string>();
  readonly #lines = new Map<string, RecordedTexts["lines"][number]>();
  readonly #refusals = new Map<string, RecordedTexts["refusals"][number]>();

  constructor(files: TargetFiles) {
    this.#files = files;
  }

  /** All that was asked so far, in the order of paths. */
  get noted(): RecordedTexts {
    const byPath = (one: { readonly path: string }, other: { readonly path: string }): number =>
      one.path < other.path ? -1 : 1;
    return {
      texts: Object.fromEntries([...this.#texts].sort(([one], [other]) => (one < other ? -1 : 1))),
      lines: [...this.#lines.values()].sort(byPath),
      refusals: [...this.#refusals.values()].sort(byPath),
    };
  }

  async text(path: string): Promise<string> {
    const text = await this.#unlessRefused(path, this.#files.text(path));
    this.#texts.set(path, path.endsWith("/format") ? withoutPrintFormat(text) : text);
    return text;
  }

  async lines(path: string, pattern: string): Promise<readonly string[]> {
    const lines = await this.#unlessRefused(path, this.#files.lines(path, pattern));
    const kept = path === symbolTable ? lines.map(withoutAddress) : lines;
    this.#lines.set(`${path} ${pattern}`, { path, pattern, lines: kept });
    return lines;
  }

  async #unlessRefused<T>(path: string, reading: Promise<T>): Promise<T> {
    try {
      return await reading;
    } catch (error) {
      if (error instanceof RemoteError) {
        this.#refusals.set(path, { path, code: error.code, message: error.message });
      }
      throw error;
    }
  }

  // What is asked of programs and libraries is not noted here: the answers to it are.

  async textNow(path: string): Promise<string | undefined> {
    return await this.#files.textNow(path);
  }

  async resolve(path: string): Promise<string | undefined> {
    return await this.#files.resolve(path);
  }

  async status(path: string): ReturnType<TargetFiles["status"]> {
    return await this.#files.status(path);
  }

  async readPart(path: string, offset: number, length: number): Promise<Uint8Array> {
    return await this.#files.readPart(path, offset, length);
  }

  async readKept(path: string): Promise<Uint8Array> {
    return await this.#files.readKept(path);
  }

  async list(path: string): Promise<readonly string[]> {
    return await this.#files.list(path);
  }
}

const symbolTable = "/proc/kallsyms";

/** Where a function was at that boot is nobody's business later. */
function withoutAddress(line: string): string {
  return line.replace(/^[0-9a-f]+/, "0");
}

/** How the kernel would print a tracepoint's record, half of its text, decides nothing of a program. */
function withoutPrintFormat(format: string): string {
  return format.replace(/^print fmt: .*\n?/m, "");
}
