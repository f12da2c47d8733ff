import { closeSync, existsSync, openSync, rmSync, writeFileSync } from "node:fs";
import { UsageError } from "./exit-code.js";

/** A file that is made when a trace has ended. That it can be written is known before the trace begins. */
export class MadeFile {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Leaves nothing there that was not there before. Throws UsageError. */
  static open(path: string): MadeFile {
    const wasThere = existsSync(path);
    orUsageError(path, () => {
      closeSync(openSync(path, "a"));
      if (!wasThere) rmSync(path);
    });
    return new MadeFile(path);
  }

  /** Throws UsageError. */
  write(content: string | Uint8Array): void {
    orUsageError(this.path, () => {
      writeFileSync(this.path, content);
    });
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
