import { isErrorCode, RemoteError } from "@sonde/protocol";
import { TargetError } from "../session/errors.js";
import { globToRegExp } from "../language/glob.js";
import { type TargetFiles } from "../session/target-files.js";
import { type RecordedTexts } from "./target-record.js";

/** What helps when a description does not have what a program asks. */
export const recordAgain =
  "record the target again, with this program: sonde info -t TARGET --record FILE PROGRAM";

/** Files of a target as they were recorded. Throws TargetError for what was not. */
export class RecordedFiles implements TargetFiles {
  readonly #recorded: RecordedTexts;

  constructor(recorded: RecordedTexts) {
    this.#recorded = recorded;
  }

  text(path: string): Promise<string> {
    return Promise.resolve().then(() => this.#text(path));
  }

  /** Of a file that was recorded whole, or whose lines were asked for by a pattern that covers this one. */
  lines(path: string, pattern: string): Promise<readonly string[]> {
    return Promise.resolve().then(() => {
      const known = this.#recorded.lines.find(
        (one) => one.path === path && covers(one.pattern, pattern),
      );
      const lines = known?.lines ?? this.#text(path).split("\n");
      const expression = globToRegExp(pattern);
      return lines.filter((line) => line !== "" && expression.test(line));
    });
  }

  // Of programs and libraries answers are recorded, which are looked at first: what is asked here is about others.

  textNow(): Promise<string | undefined> {
    return this.#noPrograms();
  }

  resolve(): Promise<string | undefined> {
    return this.#noPrograms();
  }

  status(): ReturnType<TargetFiles["status"]> {
    return this.#noPrograms();
  }

  readPart(): Promise<Uint8Array> {
    return this.#noPrograms();
  }

  readKept(): Promise<Uint8Array> {
    return this.#noPrograms();
  }

  list(): Promise<readonly string[]> {
    return this.#noPrograms();
  }

  #text(path: string): string {
    const { texts, refusals } = this.#recorded;
    const text = Object.hasOwn(texts, path) ? texts[path] : undefined;
    if (text !== undefined) return text;
    const refusal = refusals.find((one) => one.path === path);
    if (refusal !== undefined) {
      const code = isErrorCode(refusal.code) ? refusal.code : "internal";
      throw new RemoteError({ code, message: refusal.message });
    }
    if (this.#isNoEvent(path)) {
      throw new RemoteError({ code: "missing", message: `open ${path}: there was none` });
    }
    throw new TargetError(`the target's description does not have ${path}`, { hint: recordAgain });
  }

  /** Whether it would be of a tracepoint that is not among those that were there. */
  #isNoEvent(path: string): boolean {
    const [, tracefs, category, name] = /^(.*)\/events\/([^/]+)\/([^/]+)\/format$/.exec(path) ?? [];
    const events = this.#recorded.lines.find(
      (one) => one.path === `${tracefs}/available_events` && one.pattern === "*",
    );
    return events !== undefined && !events.lines.includes(`${category}:${name}`);
  }

  async #noPrograms(): Promise<never> {
    await Promise.resolve();
    throw new TargetError(
      "the target's description does not tell of these functions of a program or library",
      { hint: recordAgain },
    );
  }
}

/** Whether all that a pattern matches was asked for by another: "vfs_*" covers "vfs_read" and "vfs_r*". */
function covers(recorded: string, asked: string): boolean {
  return recorded === asked || (recorded.endsWith("*") && asked.startsWith(recorded.slice(0, -1)));
}
