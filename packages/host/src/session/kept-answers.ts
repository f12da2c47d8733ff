import { checkParams, checkResult } from "@sonde/protocol";
import { appendFileSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { BtfError } from "../btf/btf-error.js";
import { type BtfAnswers, type BtfQuestion } from "../btf/btf-question.js";
import { type KnownTypes } from "../btf/known-types.js";
import { cacheFolder } from "./cache-folder.js";
import { readKeptFile, unlessFileError } from "./kept-file.js";

/** Where there is more, programs have asked for most of a kernel's types: it is not added to any more. */
const fileLimitBytes = 8_388_608;

/**
 * Answers about one kernel's types, kept on this machine by the kernel's build id: a line of JSON for each time that was
 * asked. Without a build id nothing is kept.
 */
export class KeptAnswers {
  readonly #path: string | undefined;

  constructor(buildId: string) {
    this.#path = buildId === "" ? undefined : join(cacheFolder(), "btf-answers", buildId);
  }

  /** Tells all that is kept. */
  tell(types: KnownTypes): void {
    for (const line of this.#readLines()) {
      try {
        const { questions, ...result } = parseLine(line);
        types.add(questions, result);
      } catch (error) {
        // Damaged, or of another version: it is asked again.
        if (!(error instanceof BtfError) && !(error instanceof SyntaxError)) throw error;
      }
    }
  }

  keep(questions: readonly BtfQuestion[], { types, ...answers }: BtfAnswers): void {
    const path = this.#path;
    if (path === undefined) return;
    const line = JSON.stringify({
      questions,
      ...answers,
      types: Buffer.from(types).toString("base64"),
    });
    unlessFileError(() => {
      mkdirSync(dirname(path), { recursive: true });
      const sizeBytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      if (sizeBytes + line.length < fileLimitBytes) appendFileSync(path, `${line}\n`);
    });
  }

  #readLines(): readonly string[] {
    const bytes = this.#path === undefined ? undefined : readKeptFile(this.#path);
    return Buffer.from(bytes ?? [])
      .toString()
      .split("\n")
      .filter((line) => line !== "");
  }
}

/** Throws SyntaxError for whatever was not written by `keep`. */
function parseLine(line: string): BtfAnswers & { readonly questions: readonly BtfQuestion[] } {
  const parsed: unknown = JSON.parse(line);
  if (typeof parsed !== "object" || parsed === null || !("types" in parsed)) {
    throw new SyntaxError("no answers");
  }
  const questions = checkParams("btf.types", {
    questions: "questions" in parsed ? parsed.questions : [],
  });
  const types = new Uint8Array(Buffer.from(String(parsed.types), "base64"));
  const answers = checkResult("btf.types", { ...parsed, types });
  if (!questions.isRight || !answers.isRight) throw new SyntaxError("other answers");
  return { ...questions.value, ...answers.value };
}
