import { closeSync, existsSync, openSync, rmSync, writeFileSync } from "node:fs";
import { UsageError } from "./exit-code.js";

/** A file that is made when a trace has ended. That it cannot be written is known before the trace begins. */
export class MadeFile implements Disposable {
  readonly path: string;
  readonly #wasThere: boolean;
  #isWritten = false;

  private constructor(path: string) {
    this.path = path;
    this.#wasThere = existsSync(path);
  }

  /** Throws UsageError. */
  static open(path: string): MadeFile {
    const file = new MadeFile(path);
    orUsageError(path, () => {
      closeSync(openSync(path, "a"));
    });
    return file;
  }

  /** Throws UsageError. */
  write(content: string | Uint8Array): void {
    orUsageError(this.path, () => {
      writeFileSync(this.path, content);
    });
    this.#isWritten = true;
  }

  /** What was not written is not left when it was not there before. */
  [Symbol.dispose](): void {
    if (!this.#isWritten && !this.#wasThere) rmSync(this.path, { force: true });
  }
}

function orUsageError(path: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`output file ${path}: ${reason}`, { cause });
  }
}
