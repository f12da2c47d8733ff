import { type Attempt, RefusalError, RefusedError } from "../kernel/errors.js";
import { type Attachment } from "./attachment.js";

/** One way of attaching; `attach` throws a RefusalError when the kernel will not have it. */
export interface Way {
  readonly mechanism: string;
  readonly attach: () => Attachment;
}

/** Tries each, newest first, and falls back on what the kernel answers. Throws RefusedError, which lists them all. */
export function firstThatWorks(action: string, ways: readonly Way[]): Attachment {
  const attempts: Attempt[] = [];
  for (const { mechanism, attach } of ways) {
    try {
      return attach();
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
      attempts.push({ mechanism, error });
    }
  }
  throw new RefusedError(action, attempts);
}
