import { createReadStream, createWriteStream, type WriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { TargetError } from "../session/errors.js";
import { type RecordingLine } from "./recording-line.js";
import { isRecordingLine } from "./recording-shape.js";
import { decodeTagged, encodeTagged } from "./tagged-json.js";

/** Writes a recording, line by line. */
export class RecordingWriter {
  readonly #file: WriteStream;
  readonly #path: string;
  #failure: Error | undefined;

  private constructor(path: string, file: WriteStream) {
    this.#path = path;
    this.#file = file;
    this.#file.on("error", (error) => {
      this.#failure = error;
    });
  }

  /** Creates the file anew. Throws TargetError when it cannot be. */
  static async open(path: string): Promise<RecordingWriter> {
    const file = createWriteStream(path);
    await new Promise<void>((resolve, reject) => {
      file.once("open", () => {
        resolve();
      });
      file.once("error", (cause) => {
        reject(new TargetError(`recording ${path}: ${cause.message}`, { cause }));
      });
    });
    return new RecordingWriter(path, file);
  }

  write(line: RecordingLine): void {
    this.#file.write(`${encodeTagged(line)}\n`);
  }

  /** Undefined when more may be written; else resolves when it may. */
  ready(): Promise<void> | undefined {
    if (!this.#file.writableNeedDrain || this.#failure !== undefined) return undefined;
    return new Promise((resolve) => {
      this.#file.once("drain", resolve);
      this.#file.once("error", () => {
        resolve();
      });
    });
  }

  /** Throws TargetError when the file could not be written whole. */
  async end(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#file.once("error", () => {
        resolve();
      });
      this.#file.end(resolve);
    });
    if (this.#failure !== undefined) {
      throw new TargetError(`recording ${this.#path}: ${this.#failure.message}`, {
        cause: this.#failure,
      });
    }
  }
}

/** The lines of a recording, the header first. Throws TargetError for a file that is none. */
export async function* readRecording(path: string): AsyncGenerator<RecordingLine> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity });
  let number = 0;
  try {
    for await (const text of lines) {
      number++;
      const line = parseLine(text);
      const isFirst = number === 1;
      if (line === undefined || isFirst !== (line.kind === "header")) {
        throw new TargetError(
          `recording ${path}: line ${number} is not of a sonde recording of version 1`,
        );
      }
      yield line;
    }
  } catch (cause) {
    if (cause instanceof TargetError) throw cause;
    throw new TargetError(
      `recording ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
  if (number === 0) throw new TargetError(`recording ${path}: it is empty`);
}

/** A line as it was written by a RecordingWriter. */
function parseLine(text: string): RecordingLine | undefined {
  try {
    const line = decodeTagged(text);
    return isRecordingLine(line) ? line : undefined;
  } catch {
    // Not JSON, not tagged as ours is, or nested deeper than any that we write.
    return undefined;
  }
}
