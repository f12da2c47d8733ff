import { gzipSync } from "node:zlib";
import { type Command } from "commander";
import { flameTree } from "../picture/flame-tree.js";
import { formatPage } from "../picture/html-page.js";
import { encodePprof } from "../picture/pprof.js";
import { formatSpeedscope } from "../picture/speedscope.js";
import { type StackPicture, totalWeight } from "../picture/stack-picture.js";
import { MadeFile } from "./made-file.js";
import { readPageScript } from "./page-script.js";

/** Options of commands that show stacks. */
export interface PictureOptions {
  readonly flamegraph?: string;
  readonly speedscope?: string;
  readonly pprof?: string;
  readonly lines?: boolean;
}

export function addPictureOptions(command: Command): Command {
  return command
    .option(
      "--flamegraph <file>",
      "make a flame graph of the stacks: one HTML page, which needs nothing else",
    )
    .option("--speedscope <file>", "write the stacks for speedscope")
    .option("--pprof <file>", "write the stacks for pprof")
    .option(
      "--lines",
      "show the lines of source files that code of processes was made of, where there is debug information",
    );
}

/** This machine's clock: nanoseconds since 1970. */
export function hostNow(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

interface PictureContext {
  readonly startNanoseconds: bigint;
  readonly endNanoseconds: bigint;
}

type Encoder = (picture: StackPicture, context: PictureContext) => string | Uint8Array;

const encoders = {
  flamegraph: (picture) =>
    formatPage({
      title: picture.title,
      script: readPageScript("flame-graph"),
      data: { title: picture.title, unit: picture.unit, root: flameTree(picture) },
    }),
  speedscope: formatSpeedscope,
  pprof: (picture, { startNanoseconds, endNanoseconds }) =>
    gzipSync(
      encodePprof(picture, {
        startNanoseconds,
        durationNanoseconds: endNanoseconds - startNanoseconds,
      }),
    ),
} satisfies Readonly<Record<string, Encoder>>;

interface PictureFile {
  readonly file: MadeFile;
  readonly encode: Encoder;
}

/** The files that are asked for. What cannot be written is known before the trace begins. */
export class PictureFiles {
  readonly #files: readonly PictureFile[];
  readonly #startNanoseconds: bigint;

  private constructor(files: readonly PictureFile[], startNanoseconds: bigint) {
    this.#files = files;
    this.#startNanoseconds = startNanoseconds;
  }

  /** Throws UsageError. */
  static open(options: PictureOptions, startNanoseconds: bigint): PictureFiles {
    const files = (["flamegraph", "speedscope", "pprof"] as const).flatMap((kind) => {
      const path = options[kind];
      return path === undefined ? [] : [{ file: MadeFile.open(path), encode: encoders[kind] }];
    });
    return new PictureFiles(files, startNanoseconds);
  }

  get areAsked(): boolean {
    return this.#files.length > 0;
  }

  /** Writes them all, and gives what is to be said of it. */
  write(picture: StackPicture, endNanoseconds: bigint): string {
    const context = { startNanoseconds: this.#startNanoseconds, endNanoseconds };
    for (const { file, encode } of this.#files) file.write(encode(picture, context));
    const total = `${totalWeight(picture)} ${picture.unit === "count" ? "in all" : picture.unit}`;
    const what = `${picture.samples.length} stacks, ${total}`;
    return this.#files.map(({ file }) => `Wrote ${file.path}: ${what}\n`).join("");
  }
}
