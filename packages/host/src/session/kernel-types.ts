import { type TargetDescription } from "@sonde/protocol";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openBtf, type Btf } from "../btf/btf.js";
import { BtfError } from "../btf/btf-error.js";
import { cacheFolder } from "./cache-folder.js";
import { TargetError } from "./errors.js";
import { type RemoteFiles } from "./remote-files.js";

/**
 * The types of a target's kernel: from a file of the user's, from this machine's cache (by the kernel's build id), or from
 * the target, which is then asked for five megabytes once.
 */
export class KernelTypes {
  readonly #files: RemoteFiles;
  readonly #target: TargetDescription;
  readonly #file: string | undefined;
  #btf: Promise<Btf | undefined> | undefined;

  constructor(files: RemoteFiles, target: TargetDescription, file: string | undefined) {
    this.#files = files;
    this.#target = target;
    this.#file = file;
  }

  /** Whether `open` will give types. */
  get areKnown(): boolean {
    return this.#file !== undefined || this.#target.btfSizeBytes > 0;
  }

  /** Undefined when neither the target nor the user has any. Throws TargetError for a file that has none. */
  async open(): Promise<Btf | undefined> {
    this.#btf ??= this.#open();
    return await this.#btf;
  }

  async #open(): Promise<Btf | undefined> {
    if (this.#file !== undefined) return openFile(this.#file);
    if (!this.areKnown) return undefined;
    const path = join(cacheFolder(), "btf", this.#target.buildId);
    const kept = this.#target.buildId === "" ? undefined : readKept(path);
    if (kept !== undefined) return kept;
    const bytes = await this.#files.read("/sys/kernel/btf/vmlinux");
    if (this.#target.buildId !== "") keep(path, bytes);
    return openBtf(bytes);
  }
}

function openFile(path: string): Btf {
  try {
    return openBtf(readFileSync(path));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TargetError(`BTF file ${path}: ${why}`, {
      cause,
      hint: "give raw BTF, as /sys/kernel/btf/vmlinux of the target's kernel",
    });
  }
}

function readKept(path: string): Btf | undefined {
  try {
    return openBtf(readFileSync(path));
  } catch (error) {
    // Not kept, or damaged: the target is asked.
    if (error instanceof BtfError || isFileError(error)) return undefined;
    throw error;
  }
}

function keep(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.${process.pid}`;
  try {
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(temporary, bytes);
    renameSync(temporary, path);
  } catch (error) {
    // A laptop whose home cannot be written to asks again each time.
    if (!isFileError(error)) throw error;
  }
}

function isFileError(error: unknown): boolean {
  return error instanceof Error && "code" in error;
}
