import { type HostPeer, type TargetDescription } from "@sonde/protocol";
import { join } from "node:path";
import { openBtf, type Btf } from "../btf/btf.js";
import { BtfError } from "../btf/btf-error.js";
import { type TypeReader } from "../btf/type-reader.js";
import { AskedTypes } from "./asked-types.js";
import { cacheFolder } from "./cache-folder.js";
import { KeptAnswers } from "./kept-answers.js";
import { keepFile, readKeptFile } from "./kept-file.js";
import { type RemoteFiles } from "./remote-files.js";
import { type TargetTypes } from "./target-files.js";
import { readTypesFile, type TypesFile } from "./types-file.js";

export interface KernelTypesOptions {
  readonly peer: HostPeer;
  readonly files: RemoteFiles;
  readonly target: TargetDescription;
  /** The user's own, in place of the target's. */
  readonly file: TypesFile | undefined;
  /** Ask for what is needed, not for all: the line is slow, and the agent knows how to answer. */
  readonly asksNarrowly: boolean;
  readonly onWarning: (text: string) => void;
}

/** Types that can be asked, now or once answers have come. */
interface Source {
  ask<T>(question: (types: TypeReader) => T): Promise<T>;
}

/**
 * The types of a target's kernel: from a file of the user's, from this machine's cache (by the kernel's build id), or from
 * the target, which is asked for all five megabytes once, or over a slow line for what a program needs.
 */
export class KernelTypes implements TargetTypes {
  readonly #options: KernelTypesOptions;
  #source: Promise<Source | undefined> | undefined;

  constructor(options: KernelTypesOptions) {
    this.#options = options;
  }

  /** Whether there are types. */
  get areKnown(): boolean {
    return this.#options.file !== undefined || this.#options.target.btfSizeBytes > 0;
  }

  /**
   * What a question has for an answer; undefined when neither the target nor the user has types. It is called again when
   * types that it lacked have come: it does nothing else than ask. Throws TargetError for a file that has none, BtfError,
   * RemoteError.
   */
  async ask<T>(question: (types: TypeReader) => T): Promise<T | undefined> {
    this.#source ??= this.#open();
    const source = await this.#source;
    return await source?.ask(question);
  }

  async #open(): Promise<Source | undefined> {
    const { file, target, peer, asksNarrowly } = this.#options;
    if (file !== undefined) return atHand(await this.#readFile(file));
    if (!this.areKnown) return undefined;
    const path = target.buildId === "" ? undefined : join(cacheFolder(), "btf", target.buildId);
    const kept = path === undefined ? undefined : openKept(path);
    if (kept !== undefined) return atHand(kept);
    if (asksNarrowly) {
      return new AskedTypes(peer, target.pointerSize, new KeptAnswers(target.buildId));
    }
    const bytes = await this.#options.files.read("/sys/kernel/btf/vmlinux");
    if (path !== undefined) keepFile(path, bytes);
    return atHand(openBtf(bytes));
  }

  async #readFile(file: TypesFile): Promise<Btf> {
    const { target, onWarning } = this.#options;
    const { btf, buildId } = await readTypesFile(file);
    if (buildId !== "" && target.buildId !== "" && buildId !== target.buildId) {
      onWarning(
        `${file.path} is of another build than the target's kernel (build ids ${buildId} and ${target.buildId}): what it says of types may be wrong there`,
      );
    }
    return btf;
  }
}

function atHand(btf: Btf): Source {
  return { ask: (question) => Promise.resolve(question(btf)) };
}

function openKept(path: string): Btf | undefined {
  const bytes = readKeptFile(path);
  try {
    return bytes === undefined ? undefined : openBtf(bytes);
  } catch (error) {
    // Damaged: the target is asked.
    if (error instanceof BtfError) return undefined;
    throw error;
  }
}
